"""Of a JSON body that cannot be read as a whole, the good records go on and the bad ones are kept as they came."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.framing.records import frame
from shared.framing.salvage import salvage
from shared.outcome import Code, Problem, Refused

MALFORMED = Problem(code=Code.MALFORMED_BODY, detail="d")


def test_a_broken_line_is_set_aside_with_its_bytes_and_place() -> None:
    body = b'{"a":1}\n{"b":\n\n 7\n{"c":3}\n'
    found = salvage(body, DataFormat.JSON, MALFORMED)

    assert found.records.content == b'{"a":1}\n{"c":3}\n'
    assert [(bad.content, bad.error.index, bad.error.line, bad.error.offset, bad.error.code) for bad in found.bad] == [
        (b'{"b":', 1, 2, 8, "malformed-json"),
        (b" 7", 2, 4, 15, "not-an-object"),
    ]


def test_an_element_that_is_no_object_is_set_aside() -> None:
    found = salvage(b'[{"a":\n1}, 3,\n3, {"b":2}]', DataFormat.JSON, MALFORMED)

    assert found.records.content == b'{"a": 1}\n{"b":2}\n'
    assert [(bad.content, bad.error.index, bad.error.line, bad.error.offset) for bad in found.bad] == [
        (b"3", 1, 2, 11),
        (b"3", 2, 3, 14),
    ]


@pytest.mark.parametrize(
    ("body", "data_format"),
    [(b'[{"a":1}, {', DataFormat.JSON), (b"nothing\ngood", DataFormat.JSON), (b'a,"b\n', DataFormat.CSV)],
)
def test_what_cannot_be_taken_apart_stays_refused(body: bytes, data_format: DataFormat) -> None:
    with pytest.raises(Refused) as caught:
        salvage(body, data_format, MALFORMED)
    assert caught.value.problem == MALFORMED


_objects = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3).map(json.dumps)
_lines = st.lists(st.one_of(_objects.map(str.encode), st.binary(max_size=8)), max_size=8)


@given(lines=_lines, mark=st.booleans())
def test_every_line_is_good_or_bad_and_none_is_lost(lines: list[bytes], mark: bool) -> None:  # noqa: FBT001
    body = b"\xef\xbb\xbf" * mark + b"\n".join(lines)
    try:
        frame(body, DataFormat.JSON, skip_header=False)
    except Refused as refusal:
        try:
            found = salvage(body, DataFormat.JSON, refusal.problem)
        except Refused:
            return
        good = found.records.content.split(b"\n")[:-1]
        assert len(good) == found.records.count
        assert all(isinstance(json.loads(line), dict) for line in good)
        for bad in found.bad:
            assert mark or body[bad.error.offset :].startswith(bad.content)
            assert body.count(b"\n", 0, bad.error.offset) + 1 == bad.error.line
