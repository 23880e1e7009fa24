"""Queued ingestion without a network: what is packed, what the message says, and where it is tried."""

import gzip
import json
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from azure.kusto.data import DataFormat as SdkFormat
from azure.kusto.ingest import BlobDescriptor, IngestionProperties
from azure.kusto.ingest.ingestion_blob_info import IngestionBlobInfo

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.ingest.queued import NotQueuedError, QueuedEndpoint, _message, _packed, _Source
from shared.ingest.resources import IngestionResources, Resources
from shared.routing.routes import UNTAGGED, Tagging, Target
from tests.fakes import FakeClock, payload, reference

# azure-kusto-ingest 6.0.4, ingestion_blob_info.py, calls it for each message.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

AUTHORIZATION = "authorization s3cret"


@dataclass(slots=True)
class FakePlace:
    """A lent container or queue that cannot even be addressed."""

    asked: list[str]
    object_name: str = "place"

    @property
    def account_uri(self) -> str:
        self.asked.append(self.object_name)
        raise ConnectionError("https://account/?sig=s3cret")


@dataclass(slots=True)
class FakeLender:
    """An ingestion endpoint that lends places which refuse; its own client and manager."""

    places: int = 5
    fetched: int = 0
    containers: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)

    @property
    def _resource_manager(self) -> "FakeLender":
        self.fetched += 1
        return self

    def get_containers(self) -> list[FakePlace]:
        return [FakePlace(self.containers) for _ in range(self.places)]

    def get_ingestion_queues(self) -> list[FakePlace]:
        return [FakePlace(self.queues) for _ in range(self.places)]

    def get_authorization_context(self) -> str:
        return AUTHORIZATION


def endpoint(lender: FakeLender) -> QueuedEndpoint:
    return QueuedEndpoint(IngestionResources(lambda: lender, FakeClock().monotonic), application="app")


@pytest.mark.parametrize(("places", "tried"), [(1, 1), (2, 2), (3, 3), (5, 3)])
async def test_three_containers_are_tried_and_then_new_ones_are_asked_for(places: int, tried: int) -> None:
    lender = FakeLender(places)
    queued = endpoint(lender)
    with pytest.raises(NotQueuedError) as caught:
        await queued.queue(payload())
    assert (len(lender.containers), lender.queues, lender.fetched) == (tried, [], 1)
    assert caught.value.maybe_committed is False  # a container alone hands nothing over
    with pytest.raises(NotQueuedError):
        await queued.queue(payload())
    assert lender.fetched == 2


async def test_a_message_that_no_queue_confirmed_may_have_arrived() -> None:
    lender = FakeLender()
    with pytest.raises(NotQueuedError) as caught:
        await endpoint(lender).queue_reference(reference())
    assert (lender.containers, len(lender.queues)) == ([], 3)
    assert caught.value.maybe_committed is True


async def test_a_failure_shows_no_signature_and_leads_to_none() -> None:
    with pytest.raises(NotQueuedError, match="ConnectionError") as caught:
        await endpoint(FakeLender()).queue(payload())
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def target(data_format: DataFormat = DataFormat.CSV, mapping: str | None = None) -> Target:
    return Target(database="Events", table="T", data_format=data_format, mapping=mapping)


def message(
    target: Target,
    uri: str = "https://a/b.csv",
    raw_size: int | None = 10,
    *,
    skip: bool = False,
    tagging: Tagging = UNTAGGED,
) -> dict[str, object]:
    resources = Resources(containers=[1], queues=[1], authorization=AUTHORIZATION, fetched=0.0)
    source = _Source(
        uri=uri,
        source_id=UUID(int=7),
        target=target,
        data_format=target.data_format,
        raw_size=raw_size,
        tagging=tagging,
        ignore_first_record=skip,
    )
    found: dict[str, object] = json.loads(_message(resources, "app", source))
    assert found.pop("SourceMessageCreationTime")
    return found


def test_tags_and_what_makes_a_source_be_taken_once() -> None:
    properties = message(target(), tagging=Tagging(tags=("a", "drop-by:b"), once=True))["AdditionalProperties"]
    assert isinstance(properties, dict)
    assert json.loads(properties["tags"]) == ["a", "drop-by:b", f"ingest-by:{UUID(int=7)}"]
    assert json.loads(properties["ingestIfNotExists"]) == [str(UUID(int=7))]


def test_the_message_to_the_batching_manager() -> None:
    assert message(target(DataFormat.JSON, "m")) == {
        "BlobPath": "https://a/b.csv",
        "RawDataSize": 10,
        "DatabaseName": "Events",
        "TableName": "T",
        "RetainBlobOnSuccess": True,
        "FlushImmediately": False,
        "IgnoreSizeLimit": False,
        "ReportLevel": 1,  # none: failures are asked for, not sent
        "ReportMethod": 0,
        "Id": str(UUID(int=7)),
        "ApplicationForTracing": "app",
        "ClientVersionForTracing": "app",
        "AdditionalProperties": {
            "authorizationContext": AUTHORIZATION,
            "ingestionMappingReference": "m",
            "ingestionMappingType": "Json",
            "format": "json",
        },
    }


@pytest.mark.parametrize("data_format", DataFormat)
@pytest.mark.parametrize("mapping", ["m", None])
def test_the_message_is_the_sdks(data_format: DataFormat, mapping: str | None) -> None:
    theirs = IngestionProperties(
        database="Events",
        table="T",
        data_format=SdkFormat[data_format.name],
        ingestion_mapping_kind=SdkFormat[data_format.name].ingestion_mapping_kind if mapping else None,
        ingestion_mapping_reference=mapping,
    )
    info = IngestionBlobInfo(BlobDescriptor("https://a/b.csv", 10, UUID(int=7)), theirs, AUTHORIZATION, "app", "app")
    expected = json.loads(info.to_json())
    assert expected.pop("SourceMessageCreationTime")
    assert message(target(data_format, mapping)) == expected


def test_a_size_that_nobody_knows_is_not_told() -> None:
    assert "RawDataSize" not in message(target(), raw_size=None)


@pytest.mark.parametrize("skip", [True, False])
def test_a_header_row_is_left_to_the_service(*, skip: bool) -> None:
    properties = message(target(), skip=skip)["AdditionalProperties"]
    assert isinstance(properties, dict)
    assert properties.get("ignoreFirstRecord", False) is skip


def test_one_message_leaves_no_trace_in_the_next() -> None:
    # azure-kusto-ingest 6.0.4 writes the authorization into the dictionary that it is given.
    assert message(target(mapping="m")) != message(target())
    assert message(target(mapping="m")) == message(target(mapping="m"))


@pytest.mark.parametrize("data_format", DataFormat)
def test_text_is_packed_and_binary_is_left_alone(data_format: DataFormat) -> None:
    work = payload(b"content\n", target=target(data_format))
    content, suffix = _packed(work)
    if framing_of(data_format) is Framing.BINARY:
        assert (content, suffix) == (b"content\n", f".{data_format}")
    else:
        assert (gzip.decompress(content), suffix) == (b"content\n", f".{data_format}.gz")
    assert content == _packed(work)[0]  # the same bytes for every try
