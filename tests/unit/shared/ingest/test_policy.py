"""The way of a payload and of a blob, decided from sizes, to the byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats import Compression
from shared.ingest.policy import STREAMING_LIMIT, Choice, choose, choose_blob
from shared.outcome import Mode
from shared.payload import BlobName, BlobVersion, Hints
from shared.routes import Streaming

STREAM = Choice(mode=Mode.STREAMING)


def blob(size: int, raw_size: int | None = None) -> BlobVersion:
    return BlobVersion(
        blob=BlobName(container="landing", name="a.csv"), etag="0x1", size=size, hints=Hints(raw_size=raw_size)
    )


def test_the_limit_is_four_mebibytes() -> None:
    assert STREAMING_LIMIT == 4 * 1024 * 1024


@pytest.mark.parametrize(("more", "streams"), [(-1, True), (0, True), (1, False)])
def test_the_limit_is_exact(more: int, *, streams: bool) -> None:
    expected = STREAM if streams else Choice(mode=Mode.QUEUED, reason="over-streaming-size")
    size = STREAMING_LIMIT + more
    assert choose(raw_size=size, streaming=Streaming.AUTO) == expected
    assert choose_blob(blob(size), Compression.NONE, streaming=Streaming.AUTO) == expected
    assert choose_blob(blob(1, raw_size=size), Compression.GZIP, streaming=Streaming.AUTO) == expected


@given(size=st.integers(0, 2 * STREAMING_LIMIT))
def test_a_queued_route_never_streams(size: int) -> None:
    expected = Choice(mode=Mode.QUEUED, reason="route-is-queued")
    assert choose(raw_size=size, streaming=Streaming.NEVER) == expected
    assert choose_blob(blob(size), Compression.GZIP, streaming=Streaming.NEVER) == expected


@given(size=st.integers(0, 2 * STREAMING_LIMIT), raw_size=st.one_of(st.none(), st.integers(0, 2 * STREAMING_LIMIT)))
def test_a_hint_can_only_make_a_blob_larger(size: int, raw_size: int | None) -> None:
    choice = choose_blob(blob(size, raw_size), Compression.NONE, streaming=Streaming.AUTO)
    assert (choice == STREAM) is (size <= STREAMING_LIMIT and (raw_size or 0) <= STREAMING_LIMIT)


@pytest.mark.parametrize("compression", [Compression.ZIP, Compression.ZSTD])
def test_what_is_not_opened_here_is_queued(compression: Compression) -> None:
    choice = choose_blob(blob(1), compression, streaming=Streaming.AUTO)
    assert choice == Choice(mode=Mode.QUEUED, reason="compression-is-queued")


@given(size=st.integers(0, 2 * STREAMING_LIMIT), streaming=st.sampled_from(Streaming))
def test_a_reason_is_given_exactly_where_it_does_not_stream(size: int, streaming: Streaming) -> None:
    choice = choose(raw_size=size, streaming=streaming)
    assert bool(choice.reason) is (choice.mode is Mode.QUEUED)
