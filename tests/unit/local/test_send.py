import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cli.send import blob_name, body_of
from local.problems import UsageError


@pytest.mark.parametrize(
    ("name", "content", "media_type", "compressed"),
    [
        ("a.csv", b"1", "text/csv", False),
        ("a.json", b"{}", "application/json", False),
        ("a.jsonl", b"{}", "application/x-ndjson", False),
        ("a.csv.gz", gzip.compress(b"1", mtime=0), "text/csv", True),
        ("a.parquet", b"PAR1", "application/vnd.apache.parquet", False),
        ("noname", b' [{"a":1}]', "application/json", False),
        ("noname", b"1,2", "text/csv", False),
    ],
)
def test_a_file_is_announced_as_what_it_is(
    tmp_path: Path, name: str, content: bytes, media_type: str, *, compressed: bool
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    body = body_of(file, None, gzip=False, content_type=None)

    assert (body.content, body.content_type, body.compressed) == (content, media_type, compressed)


@given(text=st.text())
def test_compression_is_undone_by_the_receiver(text: str) -> None:
    body = body_of(None, text, gzip=True, content_type="text/plain")

    assert gzip.decompress(body.content) == text.encode()
    assert (body.compressed, body.content_type) == (True, "text/plain")


def test_either_a_file_or_a_text(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="either a FILE"):
        body_of(None, None, gzip=False, content_type=None)
    with pytest.raises(UsageError, match="either a FILE"):
        body_of(tmp_path, "x", gzip=False, content_type=None)
    with pytest.raises(UsageError, match="No such file"):
        body_of(tmp_path / "missing.csv", None, gzip=False, content_type=None)


def test_a_blob_goes_where_the_route_takes_it() -> None:
    patterns = ("storms/**/*.csv", "more/*.csv.gz")

    assert blob_name(patterns, "a b.csv") == "storms/a b.csv"
    assert blob_name(patterns, "a.csv.gz") == "more/a.csv.gz"
    with pytest.raises(UsageError, match=r"takes no blob named 'a\.json'; its patterns: storms/"):
        blob_name(patterns, "a.json")
