"""What travels between the stages."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.payload import BlobName, BlobVersion, Hints, Payload, Reference, parse_hints, poisoned_name
from shared.routing.routes import Streaming, Target

TARGET = Target(database="Events", table="T", data_format=DataFormat.CSV, mapping=None)


def version(name: str = "a.csv", etag: str = "0x1", container: str = "landing", **more: int) -> BlobVersion:
    return BlobVersion(
        blob=BlobName(container=container, name=name), etag=etag, size=more.get("size", 1), hints=Hints()
    )


def test_hints_are_the_services_names() -> None:
    metadata = {
        "rawSizeBytes": "123",
        "kustoTable": "T",
        "kustoDataFormat": "CSV",
        "kustoIngestionMappingReference": "m",
        "kustoIgnoreFirstRecord": "True",
    }
    assert parse_hints(metadata) == Hints(
        raw_size=123, table="T", data_format=DataFormat.CSV, mapping="m", ignore_first_record=True
    )


def test_names_are_compared_without_case_and_values_without_white_space() -> None:
    # Azure keeps the case of metadata names; HTTP does not, and other writers use their own.
    assert parse_hints({"RAWSIZEBYTES": " 7 ", "kustotable": " T "}) == Hints(raw_size=7, table="T")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"rawSizeBytes": "-1"},
        {"rawSizeBytes": "1.5"},
        {"rawSizeBytes": "²"},
        {"rawSizeBytes": "many"},
        {"rawSizeBytes": ""},
        {"kustoTable": " "},
        {"kustoDataFormat": "exe"},
        {"kustoIgnoreFirstRecord": "perhaps"},
        {"other": "1"},
    ],
)
def test_values_that_make_no_sense_are_left_out(metadata: dict[str, str]) -> None:
    assert parse_hints(metadata) == Hints()


def test_a_size_too_long_to_be_one_is_left_out() -> None:
    assert parse_hints({"rawSizeBytes": "9" * 5000}).raw_size in {None, 10**5000 - 1}


@given(
    metadata=st.dictionaries(
        st.one_of(
            st.sampled_from(["rawSizeBytes", "kustoTable", "kustoDataFormat", "kustoIgnoreFirstRecord"]), st.text()
        ),
        st.text(),
    )
)
def test_any_metadata_can_be_read(metadata: dict[str, str]) -> None:
    hints = parse_hints(metadata)
    assert hints.raw_size is None or hints.raw_size >= 0


def test_the_blob_of_a_message_in_the_hosts_poison_queue() -> None:
    text = '{"Type":"BlobTrigger","FunctionId":"f","ContainerName":"landing","BlobName":"a/b.csv","ETag":"0x1"}'
    assert poisoned_name(text) == BlobName(container="landing", name="a/b.csv")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ContainerName":5,"BlobName":"a"}', "not json"])
def test_another_message_is_no_poisoned_blob(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        poisoned_name(text)


def test_one_state_of_a_blob_has_one_source_id() -> None:
    assert version().source_id == version(size=99).source_id
    others = {version(), version(etag="0x2"), version(name="b.csv"), version(container="other")}
    assert len({other.source_id for other in others}) == 4


def test_the_source_id_stays_the_same_from_release_to_release() -> None:
    # Another value here means that a blob which was taken before an update is taken again after it.
    assert version().source_id == UUID("1145de78-3ea1-5514-b726-643486913720")


@given(content=st.binary(max_size=50))
def test_raw_size_is_the_size_of_the_records(content: bytes) -> None:
    records = Records(content=content, data_format=DataFormat.CSV, count=1)
    payload = Payload(source_id=UUID(int=1), route="r", target=TARGET, records=records, streaming=Streaming.AUTO)
    assert payload.raw_size == len(content)


def test_a_reference_does_not_show_its_uri() -> None:
    reference = Reference(
        source_id=UUID(int=1),
        route="r",
        target=TARGET,
        uri="https://account/landing/a.csv?sig=s3cret",
        raw_size=None,
        ignore_first_record=False,
    )
    assert "s3cret" not in f"{reference} {reference!r}"
