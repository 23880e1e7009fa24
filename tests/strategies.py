"""Hypothesis strategies that several test files share."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

from shared.framing.formats import DataFormat

DELIMITERS = {
    DataFormat.CSV: ",",
    DataFormat.TSV: "\t",
    DataFormat.PSV: "|",
    DataFormat.SCSV: ";",
    DataFormat.SOHSV: "\x01",
}

#: Text without lone surrogates (no UTF-8) and without the byte order mark, which is framing at a body's start.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\0"), max_size=12)

#: Fields made to hurt: separators, quotes, line breaks of all kinds, white space and other languages.
_sharp = st.text(st.sampled_from('a,;|\t"\r\n \x01é漢🙂'), max_size=8)
fields = st.one_of(_sharp, texts)

rows = st.lists(st.lists(fields, min_size=1, max_size=5), min_size=1, max_size=8)


def separated(table: list[list[str]], delimiter: str, *, line_end: str = "\n", quote_all: bool = False) -> bytes:
    """The rows as Python's csv module writes them."""
    text = io.StringIO(newline="")
    quoting: Literal[1, 0] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(table)
    return text.getvalue().encode()


def read_separated(content: bytes, delimiter: str) -> list[list[str]]:
    """The rows as Python's csv module reads them; blank lines are no rows."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter)
    return [row for row in reader if row]


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON text before it is written: literals are kept as their own text."""

    kind: Literal["literal", "array", "object"]
    text: str = ""
    items: tuple["Json", ...] = ()
    names: tuple[str, ...] = ()

    def compact(self) -> str:
        """On one line, without a space."""
        return self._written(lambda _: "", ":", 0)

    def pretty(self, line_end: str = "\n") -> str:
        """Indented, as a person would write it."""
        return self._written(lambda depth: line_end + "  " * depth, ": ", 0)

    def _written(self, gap: Callable[[int], str], colon: str, depth: int) -> str:
        if self.kind == "literal":
            return self.text
        inner, outer = gap(depth + 1), gap(depth)
        parts = [item._written(gap, colon, depth + 1) for item in self.items]
        if self.kind == "object":
            parts = [f"{json.dumps(name)}{colon}{part}" for name, part in zip(self.names, parts, strict=True)]
        opening, closing = "[]" if self.kind == "array" else "{}"
        return opening + ",".join(inner + part for part in parts) + (outer if parts else "") + closing


_numbers = st.one_of(
    st.integers().map(str),
    st.integers(min_value=10**18, max_value=10**40).map(str),
    st.sampled_from(["1.10", "-0", "0.0", "1E+2", "1e-7", "3.0000000000000000001", "1e400", "-12.500"]),
)
_words = st.one_of(texts, st.sampled_from(['a"b', "line\nbreak", "back\\slash", "é漢🙂", "\u2028"]))
_literals = st.one_of(
    _numbers,
    st.sampled_from(["true", "false", "null"]),
    _words.map(json.dumps),
    _words.map(lambda word: json.dumps(word, ensure_ascii=False)),
).map(lambda text: Json("literal", text))


def _objects(values: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    names = st.one_of(st.sampled_from(["a", "b", "a"]), texts)  # few names, so that some are repeated
    pairs = st.lists(st.tuples(names, values), max_size=4)
    return pairs.map(lambda found: Json("object", items=tuple(v for _, v in found), names=tuple(n for n, _ in found)))


_values = st.recursive(
    _literals,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: Json("array", items=tuple(items))), _objects(inner)
    ),
    max_leaves=8,
)
#: JSON objects as text trees: big integers, number text and repeated names are all in there.
json_objects = _objects(_values)


def exactly(text: str | bytes) -> object:
    """What a JSON text says, with the text of its numbers and the order of its names, repeated ones included."""
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: ("object", tuple(pairs)),
        parse_int=lambda number: ("number", number),
        parse_float=lambda number: ("number", number),
    )


#: Bytes that look like a body more often than chance would have it.
almost_bodies = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(b'"', b",", b"\n", b"\r\n", b"{", b"}", b"[", b"]", b":", b"1", b"\t", b"|", b" ", b"\\"),
                *(b"\xef\xbb\xbf", b'{"a":1}', b'"a"', b"null", b"\xff", b"\0", b"\xe2\x82"),
            ]
        ),
        max_size=14,
    ).map(b"".join),
)
