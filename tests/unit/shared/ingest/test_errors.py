"""Exceptions taken apart: every one of the SDK, those of its transport, and whatever else may come."""

import asyncio
import builtins
import inspect
import json
from collections.abc import Callable

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.kusto.data import exceptions as data_exceptions
from azure.kusto.data.exceptions import (
    KustoApiError,
    KustoAuthenticationError,
    KustoBlobError,
    KustoNetworkError,
    KustoServiceError,
    KustoThrottlingError,
)
from azure.kusto.ingest import exceptions as ingest_exceptions
from hypothesis import given
from hypothesis import strategies as st

from shared.ingest.errors import Action, Failure, Verdict, classify, failure_of
from shared.ingest.queued import NotQueuedError
from shared.ingest.resources import NoResourcesError
from tests.fakes import FakeResponse, api_error


def verdict_of(error: BaseException) -> Verdict:
    return classify(failure_of(error))


def network(cause: BaseException | None) -> KustoNetworkError:
    error = KustoNetworkError("https://c/v1/rest/ingest/Events/T", "id")
    error.__cause__ = cause
    return error


def answered(status: int, **headers: str) -> KustoServiceError:
    response = FakeResponse(status, {name.replace("_", "-"): value for name, value in headers.items()})
    return KustoServiceError("text with s3cret rows", response)  # type: ignore[arg-type]


#: How each exception of the SDK is made, and what it means. A class without a row here fails the test below.
SDK: dict[str, tuple[Callable[[type], BaseException], Action]] = {
    "KustoError": (lambda cls: cls("x"), Action.UNKNOWN),
    "KustoStreamingQueryError": (lambda cls: cls("x"), Action.UNKNOWN),
    "KustoTokenParsingError": (lambda cls: cls("x"), Action.UNKNOWN),
    "KustoServiceError": (lambda cls: cls("x"), Action.UNKNOWN),
    "KustoMultiApiError": (
        lambda cls: cls([{"OneApiErrors": [{"error": {"code": "c", "@message": "m"}}]}]),
        Action.UNKNOWN,
    ),
    "KustoApiError": (lambda cls: cls({"error": {"code": "c", "message": "m", "@permanent": True}}), Action.UNKNOWN),
    "KustoNetworkError": (lambda cls: cls("https://c"), Action.UNKNOWN),
    "KustoClientError": (lambda cls: cls("x"), Action.RETRY),
    "KustoBlobError": (lambda cls: cls(OSError("x")), Action.RETRY),
    "KustoUnsupportedApiError": (lambda cls: cls.progressive_api_unsupported(), Action.UNKNOWN),
    "KustoAuthenticationError": (lambda cls: cls("method", ValueError("x")), Action.CONFIGURATION),
    "KustoAioSyntaxError": (lambda cls: cls(), Action.UNKNOWN),
    "KustoAsyncUsageError": (lambda cls: cls("m", is_client_async=True), Action.UNKNOWN),
    "KustoThrottlingError": (lambda cls: cls("x"), Action.RETRY_SLOWER),
    "KustoClientInvalidConnectionStringException": (lambda cls: cls("x"), Action.UNKNOWN),
    "KustoClosedError": (lambda cls: cls(), Action.UNKNOWN),
    "KustoMappingError": (lambda cls: cls("x"), Action.RETRY),
    "KustoDuplicateMappingError": (lambda cls: cls(), Action.RETRY),
    "KustoMissingMappingError": (lambda cls: cls("x"), Action.RETRY),
    "KustoInvalidEndpointError": (lambda cls: cls("Engine", "DataManagement", "https://c"), Action.RETRY),
    "KustoQueueError": (lambda cls: cls(), Action.RETRY),
}


def exceptions_of(module: object) -> dict[str, type[BaseException]]:
    return {
        name: found
        for name, found in vars(module).items()
        if inspect.isclass(found) and issubclass(found, BaseException)
    }


ALL = exceptions_of(data_exceptions) | exceptions_of(ingest_exceptions)


def test_every_exception_of_the_sdk_has_a_row() -> None:
    assert set(SDK) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_exception_of_the_sdk_is_classified(name: str) -> None:
    build, action = SDK[name]
    error = build(ALL[name])
    assert type(error) is ALL[name]
    assert verdict_of(error).action is action


BUILTIN = [found for found in vars(builtins).values() if inspect.isclass(found) and issubclass(found, Exception)]


@pytest.mark.parametrize("kind", BUILTIN)
def test_any_other_exception_means_that_the_answer_is_lost(kind: type[Exception]) -> None:
    error = kind("x", [ValueError()]) if issubclass(kind, BaseExceptionGroup) else kind.__new__(kind)
    assert verdict_of(error) == Verdict(action=Action.UNKNOWN, reason="answer-lost")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("Tables"),  # the SDK's answer to 200 with `{}`: the rows are in
        json.JSONDecodeError("x", "y", 0),
        TimeoutError(),
        asyncio.CancelledError(),
        aiohttp.ServerDisconnectedError(),
        HttpResponseError("x"),
        ServiceRequestError("x"),
        NotQueuedError("x", maybe_committed=True),
        NoResourcesError("x"),
    ],
)
def test_what_was_seen_of_others(error: BaseException) -> None:
    assert verdict_of(error).action is Action.UNKNOWN


def connection_refused() -> aiohttp.ClientConnectorError:
    key = aiohttp.client_reqrep.ConnectionKey(
        "c", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
    )
    return aiohttp.ClientConnectorError(key, OSError(111, "refused"))


@pytest.mark.parametrize(
    ("cause", "action"),
    [
        (connection_refused(), Action.RETRY),
        (aiohttp.ServerDisconnectedError(), Action.UNKNOWN),
        (aiohttp.ClientOSError(104, "reset"), Action.UNKNOWN),
        (aiohttp.ClientPayloadError("x"), Action.UNKNOWN),
        (aiohttp.ServerTimeoutError(), Action.UNKNOWN),
        (TimeoutError(), Action.UNKNOWN),
        (None, Action.UNKNOWN),
    ],
)
def test_only_a_connection_that_never_was_proves_that_nothing_was_sent(
    cause: BaseException | None, action: Action
) -> None:
    assert verdict_of(network(cause)).action is action


@pytest.mark.parametrize("error", [KustoAuthenticationError("m", ValueError("x")), ClientAuthenticationError("x")])
def test_without_a_token_it_is_a_matter_of_configuration(error: Exception) -> None:
    verdict = verdict_of(error)
    assert (verdict.action, verdict.reason) == (Action.CONFIGURATION, "access-denied")


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (404, Action.CONFIGURATION),
        (401, Action.CONFIGURATION),
        (403, Action.CONFIGURATION),
        (400, Action.RETRY),
        (503, Action.RETRY),
        (504, Action.UNKNOWN),
        (200, Action.UNKNOWN),
        (413, Action.QUEUE),
    ],
)
def test_an_answer_without_a_body_counts_by_its_status(status: int, action: Action) -> None:
    assert verdict_of(answered(status)).action is action


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("0", 0.0), ("²", None), ("soon", None), ("-1", None), ("9" * 5000, None)]
)
def test_how_long_the_service_asks_to_wait(text: str, seconds: float | None) -> None:
    throttled = KustoThrottlingError("x", FakeResponse(429, {"Retry-After": text}))
    assert verdict_of(throttled).retry_after == seconds
    assert verdict_of(answered(503, Retry_After=text)).retry_after == seconds
    assert verdict_of(api_error(503, headers={"Retry-After": text})).retry_after == seconds


def test_an_error_body_that_is_none_is_no_proof() -> None:
    for body in ({"error": {}}, {"error": {"@permanent": True}}):
        error = KustoApiError(body, "x", FakeResponse(400))  # type: ignore[arg-type]
        assert verdict_of(error).action is Action.RETRY


@pytest.mark.parametrize("permanent", ["false", "true", 1, [], {}])
def test_permanence_is_the_literal_true(permanent: object) -> None:
    assert verdict_of(api_error(400, "BadRequest", permanent=permanent)).action is Action.RETRY


@given(
    status=st.one_of(st.none(), st.integers(100, 599)),
    code=st.text(max_size=20),
    text=st.text(max_size=20),
    permanent=st.sampled_from([None, False]),
    sent=st.booleans(),
)
def test_nothing_is_rejected_without_proof(
    status: int | None, code: str, text: str, *, permanent: bool | None, sent: bool
) -> None:
    failure = Failure(status=status, code=code, text=text, permanent=permanent, sent=sent)
    assert classify(failure).action is not Action.REJECT


@given(status=st.one_of(st.none(), st.integers(500, 599), st.integers(100, 299)), permanent=st.booleans())
def test_a_servers_fault_is_never_the_datas(status: int | None, *, permanent: bool) -> None:
    assert classify(Failure(status=status, permanent=permanent)).action is not Action.REJECT


@pytest.mark.parametrize(
    "error", [api_error(400, "c", "s3cret", permanent=True), answered(400), KustoBlobError(OSError("s3cret"))]
)
def test_a_verdict_never_quotes_the_service(error: BaseException) -> None:
    assert "s3cret" not in repr(verdict_of(error))
