"""The way of a payload and of a blob, decided from sizes, to the byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.framing.formats import Compression, DataFormat, Framing, framing_of
from shared.ingest.policy import STREAMING_LIMIT, Choice, choose, choose_blob
from shared.outcome import Mode
from shared.payload import BlobName, BlobVersion, Hints
from shared.routing.routes import Streaming

STREAM = Choice(mode=Mode.STREAMING)


CSV = DataFormat.CSV
BINARY = [f for f in DataFormat if framing_of(f) is Framing.BINARY]


def blob(size: int, raw_size: int | None = None) -> BlobVersion:
    return BlobVersion(
        blob=BlobName(container="landing", name="a.csv"), etag="0x1", size=size, hints=Hints(raw_size=raw_size)
    )


def of_blob(version: BlobVersion, compression: Compression = Compression.NONE, data_format: DataFormat = CSV) -> Choice:
    return choose_blob(version, compression, streaming=Streaming.AUTO, data_format=data_format)


def test_the_limit_is_four_mebibytes() -> None:
    assert STREAMING_LIMIT == 4 * 1024 * 1024


@pytest.mark.parametrize("streaming", [Streaming.AUTO, Streaming.ALWAYS])
@pytest.mark.parametrize("data_format", [f for f in DataFormat if f not in BINARY])
@pytest.mark.parametrize(("more", "streams"), [(-1, True), (0, True), (1, False)])
def test_the_limit_of_text_is_exact(more: int, data_format: DataFormat, streaming: Streaming, *, streams: bool) -> None:
    expected = STREAM if streams else Choice(mode=Mode.QUEUED, reason="over-streaming-size")
    size = STREAMING_LIMIT + more
    assert choose(raw_size=size, streaming=streaming, data_format=data_format) == expected
    assert of_blob(blob(size), data_format=data_format) == expected
    assert of_blob(blob(1, raw_size=size), Compression.GZIP, data_format) == expected


@pytest.mark.parametrize("data_format", BINARY)
def test_a_binary_file_counts_by_what_comes_out_of_it(data_format: DataFormat) -> None:
    largest = STREAMING_LIMIT * 2 // 3
    assert choose(raw_size=largest, streaming=Streaming.AUTO, data_format=data_format) == STREAM
    assert choose(raw_size=largest + 2, streaming=Streaming.AUTO, data_format=data_format).mode is Mode.QUEUED


@given(size=st.integers(0, 2 * STREAMING_LIMIT), data_format=st.sampled_from(DataFormat))
def test_a_queued_route_never_streams(size: int, data_format: DataFormat) -> None:
    expected = Choice(mode=Mode.QUEUED, reason="route-is-queued")
    never = Streaming.NEVER
    assert choose(raw_size=size, streaming=never, data_format=data_format) == expected
    assert choose_blob(blob(size), Compression.GZIP, streaming=never, data_format=data_format) == expected


@given(size=st.integers(0, 2 * STREAMING_LIMIT), raw_size=st.one_of(st.none(), st.integers(0, 2 * STREAMING_LIMIT)))
@example(size=1, raw_size=STREAMING_LIMIT + 1)
@example(size=STREAMING_LIMIT + 1, raw_size=1)
def test_a_hint_can_only_make_a_blob_larger(size: int, raw_size: int | None) -> None:
    streams = of_blob(blob(size, raw_size)) == STREAM
    assert streams is (size <= STREAMING_LIMIT and (raw_size or 0) <= STREAMING_LIMIT)


@pytest.mark.parametrize("compression", [Compression.ZIP, Compression.ZSTD])
def test_what_is_not_opened_here_is_queued(compression: Compression) -> None:
    assert of_blob(blob(1), compression) == Choice(mode=Mode.QUEUED, reason="compression-is-queued")


@given(
    size=st.integers(0, 2 * STREAMING_LIMIT),
    streaming=st.sampled_from(Streaming),
    data_format=st.sampled_from(DataFormat),
)
def test_a_reason_is_given_exactly_where_it_does_not_stream(
    size: int, streaming: Streaming, data_format: DataFormat
) -> None:
    choice = choose(raw_size=size, streaming=streaming, data_format=data_format)
    assert bool(choice.reason) is (choice.mode is Mode.QUEUED)
