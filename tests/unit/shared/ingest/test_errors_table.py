"""What each answer of the service means for the data, one row per answer that is documented or was seen."""

import pytest

from shared.ingest.errors import Action, classify, failure_of
from tests.fakes import api_error

STREAM = "Kusto.DataNode.Exceptions.StreamingIngestionRequestException"
BAD_DATA = (
    "Bad streaming ingestion request to Events.T : "
    "The input stream is empty after processing, tip:check stream validity"
)

CODES = "Microsoft docs, Ingestion error codes"
DATA = "Microsoft docs, Kusto.Data exceptions"
STREAMING = "Microsoft docs, Streaming ingestion failures"
E2E = "Azure/Webjobs.Extensions.Kusto, end-to-end tests"
MON = "Azure/adx-mon, ingestor"
JAVA = "Azure/azure-kusto-java, ingest-v2"
ONEAPI = "OneApi: no proof of permanence, so transient"

#: status, code, text, permanent, what to do, source
TABLE = [
    (400, "BadRequest", BAD_DATA, True, Action.REJECT, E2E),
    (400, "BadRequest", "", True, Action.REJECT, DATA),
    (400, "Stream_WrongNumberOfFields", "", True, Action.REJECT, CODES),
    (400, "Stream_ClosingQuoteMissing", "", True, Action.REJECT, CODES),
    (400, "Stream_NoDataToIngest", "", True, Action.REJECT, CODES),
    (400, "Stream_UnknownFormat", "", True, Action.REJECT, CODES),
    (400, "Stream_DynamicPropertyBagTooLarge", "", True, Action.REJECT, CODES),
    (400, "BadRequest_EmptyBlob", "", True, Action.REJECT, CODES),
    (400, "BadRequest_DuplicateMapping", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_InvalidMapping", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_MissingMappingtFailure", "", True, Action.CONFIGURATION, CODES),  # sic
    (400, "BadRequest_InvalidOrEmptyTableName", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_MappingReferenceWasNotFound", "", True, Action.CONFIGURATION, CODES),
    (
        400,
        "BadRequest_EntityNotFound",
        "Entity ID 'm' of kind 'MappingPersistent' was not found.",
        True,
        Action.CONFIGURATION,
        E2E,
    ),
    (400, "BadRequest_EntityNotFound", "Entity ID 'T' of kind 'Table' was not found.", True, Action.CONFIGURATION, E2E),
    (400, "BadRequest_TableNotExist", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_DatabaseNotExist", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_TableAccessDenied", "", True, Action.CONFIGURATION, CODES),
    (400, "BadRequest_DatabaseAccessDenied", "", True, Action.CONFIGURATION, CODES),
    (401, "Unauthorized", "", True, Action.CONFIGURATION, DATA),
    (401, "", "", None, Action.CONFIGURATION, DATA),
    (403, "Forbidden", "Principal is not authorized to access database 'Events'.", True, Action.CONFIGURATION, DATA),
    (403, "", "", None, Action.CONFIGURATION, DATA),
    (404, "NotFound", "", True, Action.CONFIGURATION, MON),
    (404, "NotFound_StreamingIngestionDisabledForCluster", "", True, Action.QUEUE_COOL_DOWN, JAVA),
    (400, "BadRequest_StreamingIngestionPolicyNotEnabled", "", True, Action.QUEUE_COOL_DOWN, STREAMING),
    (400, "BadRequest_StreamingIngestionFunctionalityDisabled", "", True, Action.QUEUE_COOL_DOWN, JAVA),
    (413, "", "Payload too large", True, Action.QUEUE, STREAMING),
    (413, "", "", None, Action.QUEUE, STREAMING),
    (400, "Stream_InputStreamTooLarge", "", True, Action.QUEUE, CODES),
    (400, "BadRequest_FileTooLarge", "", True, Action.QUEUE, CODES),
    (400, "", "KustoRequestPayloadTooLargeException", True, Action.QUEUE, DATA),
    (429, "TooManyRequests", "Too many requests", False, Action.RETRY_SLOWER, DATA),
    (429, "", "", None, Action.RETRY_SLOWER, DATA),
    (400, "General_ThrottledIngestion", "", False, Action.RETRY_SLOWER, CODES),
    (503, "", "The request was throttled.", False, Action.RETRY_SLOWER, DATA),
    (520, "", "Can't determine row store for ingestion", False, Action.RETRY, STREAMING),
    (503, "ServiceUnavailable_StreamingIngestionDatabaseUnderMaintenance", "", False, Action.RETRY, JAVA),
    (500, "General_InternalServerError", "", False, Action.UNKNOWN, CODES),
    (500, "InternalError", "", True, Action.UNKNOWN, "a server's fault is never the data's"),
    (502, "", "", None, Action.UNKNOWN, DATA),
    (503, "", "", None, Action.RETRY, DATA),
    (400, "General_RetryAttemptsExceeded", "", False, Action.RETRY, CODES),
    (400, "BadRequest", "", False, Action.RETRY, ONEAPI),
    (400, "BadRequest", "", None, Action.RETRY, ONEAPI),
    (409, "", "", None, Action.RETRY, ONEAPI),
    (418, "", "", None, Action.RETRY, ONEAPI),
    (302, "", "", None, Action.RETRY, ONEAPI),
    (408, "", "", None, Action.UNKNOWN, "RFC 9110: the server gave up waiting, after how much is not said"),
    (504, "Timeout", "RequestExecutionTimeout", False, Action.UNKNOWN, DATA),
    (504, "", "", None, Action.UNKNOWN, DATA),
    (
        200,
        "",
        "",
        None,
        Action.UNKNOWN,
        "azure-kusto-data 6.0.4: an answer that cannot be read, after the rows were taken",
    ),
]


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 40
    assert all(source for *_, source in TABLE)


@pytest.mark.parametrize(("status", "code", "text", "permanent", "action", "source"), TABLE)
def test_answers(status: int, code: str, text: str, permanent: bool | None, action: Action, source: str) -> None:  # noqa: FBT001 - a column
    verdict = classify(failure_of(api_error(status, code, text, permanent=permanent, kind=STREAM)))
    assert verdict.action is action, source


@pytest.mark.parametrize(("status", "code", "text", "permanent", "action", "source"), TABLE)
def test_whoever_must_act_is_told_how(
    status: int,
    code: str,
    text: str,
    permanent: bool | None,  # noqa: FBT001 - a column
    action: Action,
    source: str,
) -> None:
    verdict = classify(failure_of(api_error(status, code, text, permanent=permanent)))
    if action in {Action.CONFIGURATION, Action.REJECT, Action.QUEUE_COOL_DOWN}:
        assert verdict.advice.endswith("."), source
    assert verdict.reason


@pytest.mark.parametrize(
    "name", ["ThrottledCalls", "Forbidden", "EntityNotFoundEvents", "TooManyRequests", "AccessDeniedLog"]
)
def test_a_tables_name_does_not_decide(name: str) -> None:
    # The service's text names database and table; records that are refused must not be queued because of it.
    error = api_error(400, "BadRequest", BAD_DATA.replace("Events.T", f"Events.{name}"), permanent=True, kind=STREAM)
    assert classify(failure_of(error)).action is Action.REJECT
