"""From the wire to raw bytes: every member and frame, nothing beyond the cap, and no exception of a library."""

import gzip
import subprocess
import sys
import zlib

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from shared.framing.body import BrokenError, TooLargeError, compression_of, decompressed, raw_body, sniffed, too_large
from shared.framing.formats import Compression
from shared.outcome import Code, Limit, Problem, Refused

MIB = 1024 * 1024
#: A frame that holds no content (RFC 8878, section 3.1.2).
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"

PACK = {
    Compression.NONE: bytes,
    Compression.GZIP: lambda raw: gzip.compress(raw, mtime=0),
    Compression.ZSTD: lambda raw: zstandard.ZstdCompressor().compress(raw),
}
packed = pytest.mark.parametrize("compression", [Compression.GZIP, Compression.ZSTD])


def refusal(body: bytes, encoding: str, *, limit: int = 1000) -> Problem:
    with pytest.raises(Refused) as caught:
        raw_body(body, encoding, limit=limit)
    return caught.value.problem


@pytest.mark.parametrize("compression", PACK)
@given(raw=st.one_of(st.binary(max_size=400), st.integers(0, 200_000).map(bytes)))
def test_what_was_packed_comes_back(compression: Compression, raw: bytes) -> None:
    assert decompressed(PACK[compression](raw), compression, limit=len(raw)) == raw


@packed
@given(parts=st.lists(st.binary(max_size=300), min_size=1, max_size=6), long=st.integers(0, 70_000))
def test_members_and_frames_follow_each_other(compression: Compression, parts: list[bytes], long: int) -> None:
    parts = [*parts, bytes(range(256)) * (long // 256), b"last"]
    body = b"".join(PACK[compression](part) for part in parts)
    assert decompressed(body, compression, limit=10**6) == b"".join(parts)


@packed
@given(raw=st.binary(min_size=1, max_size=300), data=st.data())
def test_a_body_that_is_cut_off_is_broken(compression: Compression, raw: bytes, data: st.DataObject) -> None:
    body = PACK[compression](raw)
    end = data.draw(st.integers(1, len(body) - 1))
    with pytest.raises(BrokenError):
        decompressed(body[:end], compression, limit=10**6)


@packed
@given(raw=st.binary(min_size=1, max_size=300), data=st.data())
def test_the_second_part_must_be_whole_too(compression: Compression, raw: bytes, data: st.DataObject) -> None:
    body = PACK[compression](raw)
    end = data.draw(st.integers(1, len(body) - 1))
    with pytest.raises(BrokenError):
        decompressed(body + body[:end], compression, limit=10**6)


@pytest.mark.parametrize("compression", Compression)
@given(body=st.binary(max_size=80), start=st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", SKIPPABLE]))
def test_any_bytes_are_read_or_known_to_be_wrong(compression: Compression, body: bytes, start: bytes) -> None:
    try:
        assert len(decompressed(start + body, compression, limit=50)) <= 50
    except (TooLargeError, BrokenError):
        pass
    except ValueError:
        assert compression is Compression.ZIP


@given(body=st.binary(max_size=80), encoding=st.one_of(st.sampled_from(["", "gzip", "zstd"]), st.text(max_size=8)))
@example(body=b"\x1f\x8b", encoding="")
def test_only_a_refusal_escapes(body: bytes, encoding: str) -> None:
    try:
        assert len(raw_body(body, encoding, limit=50)) <= 50
    except Refused as refused:
        assert refused.problem.kind.status in {400, 413, 415}  # noqa: PT017 - either way is right


@pytest.mark.parametrize("compression", PACK)
def test_the_cap_is_exact(compression: Compression) -> None:
    assert decompressed(PACK[compression](bytes(1000)), compression, limit=1000) == bytes(1000)
    with pytest.raises(TooLargeError):
        decompressed(PACK[compression](bytes(1001)), compression, limit=1000)


@packed
def test_the_cap_counts_over_all_members(compression: Compression) -> None:
    with pytest.raises(TooLargeError):
        decompressed(PACK[compression](bytes(600)) * 2, compression, limit=1000)


def bomb(compression: Compression) -> bytes:
    """200 MiB of zeros, packed small, without ever holding them."""
    gzipped = compression is Compression.GZIP
    engine = zlib.compressobj(wbits=31) if gzipped else zstandard.ZstdCompressor().compressobj()
    return b"".join([*(engine.compress(bytes(MIB)) for _ in range(200)), engine.flush()])


@packed
def test_a_bomb_fills_no_memory(compression: Compression) -> None:
    # In a process of its own, because the peak of this one says nothing about one call.
    script = (
        "import resource, sys\n"
        "from shared.framing.body import TooLargeError, decompressed\n"
        "from shared.framing.formats import Compression\n"
        "body = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: decompressed(body, Compression(sys.argv[1]), limit=1_000_000)\n"
        "except TooLargeError: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script, compression.value], input=bomb(compression), capture_output=True, check=True
    )
    assert int(done.stdout) < 40 * 1024  # KiB


@pytest.mark.timeout(30)
def test_a_great_many_empty_members_are_no_bomb_either() -> None:
    # One member after the other must not copy what follows it: that would be 80 GB of copies here.
    assert (
        decompressed(PACK[Compression.GZIP](b"") * 90_000 + PACK[Compression.GZIP](b"x"), Compression.GZIP, limit=1)
        == b"x"
    )


@pytest.mark.parametrize("zeros", [1, 511, 16 * 1024, 40_000])
def test_zeros_after_a_gzip_member_are_padding(zeros: int) -> None:
    member = PACK[Compression.GZIP](b"a")
    assert decompressed(member + bytes(zeros), Compression.GZIP, limit=10) == b"a"
    assert decompressed(member + bytes(zeros) + member, Compression.GZIP, limit=10) == b"aa"


@pytest.mark.parametrize("size", range(16 * 1024 - 30, 16 * 1024 + 30, 3))
def test_members_end_anywhere_in_a_step(size: int) -> None:
    engine = zlib.compressobj(0, wbits=31)  # stored, so that sizes are known
    member = engine.compress(b"x" * size) + engine.flush()
    body = member + bytes(size % 5) + member
    assert decompressed(body, Compression.GZIP, limit=10**6) == b"x" * size * 2


@packed
@pytest.mark.parametrize("junk", [b"junk", b"\0junk", b"{}"])
def test_something_else_after_the_content_is_broken(compression: Compression, junk: bytes) -> None:
    with pytest.raises(BrokenError):
        decompressed(PACK[compression](b"a") + junk, compression, limit=1000)


def test_zstd_frames_without_content_are_skipped() -> None:
    frame = PACK[Compression.ZSTD](b"x")
    assert decompressed(SKIPPABLE + frame + SKIPPABLE + frame, Compression.ZSTD, limit=10) == b"xx"


@packed
def test_a_damaged_byte_is_found(compression: Compression) -> None:
    body = bytearray(PACK[compression](b"the quick brown fox"))
    body[3] ^= 0xFF
    with pytest.raises(BrokenError):
        decompressed(bytes(body), compression, limit=1000)


@pytest.mark.parametrize(
    ("encoding", "compression"),
    [
        ("", Compression.NONE),
        ("identity", Compression.NONE),
        (" GZip ", Compression.GZIP),
        ("x-gzip", Compression.GZIP),
        ("zstd", Compression.ZSTD),
    ],
)
def test_encodings(encoding: str, compression: Compression) -> None:
    assert compression_of(encoding) is compression


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zip", "compress", "*"])
def test_other_encodings_are_refused_with_what_is_accepted(encoding: str) -> None:
    problem = refusal(b"x", encoding)
    assert (problem.code, problem.accepted) == (Code.UNSUPPORTED_MEDIA_TYPE, ("gzip", "zstd", "identity"))


@pytest.mark.parametrize("named", Compression)
def test_gzip_is_known_by_its_first_bytes_where_nothing_names_it(named: Compression) -> None:
    body = PACK[Compression.GZIP](b"a")
    assert sniffed(body, named) is (Compression.GZIP if named is Compression.NONE else named)
    assert sniffed(b"a,b\n", named) is named


def test_a_gzip_body_without_its_header_is_opened() -> None:
    assert raw_body(PACK[Compression.GZIP](b"a,b"), "", limit=10) == b"a,b"


def test_problems_name_the_limit_and_the_size() -> None:
    assert refusal(b"x" * 11, "", limit=10).limit == Limit(name="MAX_RAW_BYTES", value=10, actual=11)
    assert refusal(PACK[Compression.GZIP](bytes(11)), "gzip", limit=10).limit == Limit(
        name="MAX_RAW_BYTES", value=10, actual=None
    )
    assert "more than 10 bytes" in too_large("X", 10, None, "now").detail


def test_a_broken_body_is_refused_and_not_quoted() -> None:
    problem = refusal(PACK[Compression.GZIP](b"s3cret")[:-1], "gzip")
    assert problem.code is Code.MALFORMED_BODY
    assert "s3cret" not in repr(problem)


def test_zip_is_never_opened_here() -> None:
    with pytest.raises(ValueError, match="by reference"):
        decompressed(b"PK", Compression.ZIP, limit=10)
