"""Blob events and queue texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.functions.events import BlobReference, parse_events, path_values, split_blob_url, validation_code
from local.functions.hostjson import Encoding
from local.functions.queuetext import decode, encode


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acct.blob.core.windows.net/landing/a/b.csv", ("landing", "a/b.csv")),
        ("http://127.0.0.1:10000/devstoreaccount1/landing/a/b.csv", ("landing", "a/b.csv")),
        ("http://localhost:10000/devstoreaccount1/landing/b", ("landing", "b")),
        ("http://[::1]:10000/devstoreaccount1/landing/b", ("landing", "b")),
        ("https://acct.blob.core.windows.net/landing/x%20y/%C3%BC%2Fz", ("landing", "x y/ü/z")),
    ],
)
def test_container_and_name_of_a_blob_url(url: str, expected: tuple[str, str]) -> None:
    assert split_blob_url(url) == expected


@pytest.mark.parametrize(
    "url", ["", "x", "https://acct.blob.core.windows.net/landing", "http://127.0.0.1/acct/landing"]
)
def test_a_url_without_a_blob_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no blob"):
        split_blob_url(url)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(text, text, text, text)
def test_a_reference_survives_the_queue(container: str, name: str, etag: str, kind: str) -> None:
    reference = BlobReference(function="Host.Functions.f", container=container, name=name, etag=etag, kind=kind)

    assert BlobReference.from_json(reference.to_json()) == reference


@pytest.mark.parametrize("entry", [b"{}", b"[]", b"7", b"nonsense"])
def test_what_is_no_reference_is_refused(entry: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        BlobReference.from_json(entry)


def test_bodies_of_one_event_and_of_many() -> None:
    assert parse_events(b'{"id": 1}') == [{"id": 1}]
    assert parse_events(b'[{"id": 1}, {"id": 2}]') == [{"id": 1}, {"id": 2}]
    with pytest.raises(ValueError, match="not JSON"):
        parse_events(b"<xml>")


def test_the_validation_code_is_found_among_events() -> None:
    assert validation_code([{}, 7, {"data": {"validationCode": "c"}}]) == "c"
    with pytest.raises(ValueError, match="validationCode"):
        validation_code([{"data": {"validationUrl": "u"}}])


@pytest.mark.parametrize(
    ("pattern", "path", "values"),
    [
        ("landing/{name}", "landing/a/b.csv", {"name": "a/b.csv"}),
        ("landing/{day}/{name}.{ext}", "landing/1/x.csv", {"day": "1", "name": "x", "ext": "csv"}),
        ("landing/{name}", "other/a", {}),
        ("landing", "landing/a", {}),
    ],
)
def test_values_of_a_trigger_path(pattern: str, path: str, values: dict[str, str]) -> None:
    assert path_values(pattern, path) == values


@given(st.text(), st.sampled_from(Encoding))
def test_a_text_survives_both_encodings(content: str, encoding: Encoding) -> None:
    raw = content.encode(errors="replace")

    assert decode(encode(raw, encoding), encoding) == raw


def test_what_is_not_base64_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="messageEncoding"):
        decode("{plain}", Encoding.BASE64)
