"""What can be saved of a JSON body that cannot be read as a whole: for callers who asked for `onError=quarantine`.

A line that is no JSON object is set aside with its raw bytes, and its neighbours go on. Only bodies of lines, and
arrays whose elements are not all objects, can be taken apart; inside a broken array, or behind a quote that never
closes, nobody can tell where the next record begins. Pure.
"""

from dataclasses import dataclass

import msgspec

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.framing.records import BOM, Records
from shared.outcome import Code, Problem, RecordError, Refused

_OBJECTS: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)
_ARRAY: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A record that was set aside: its raw bytes, and where and why."""

    content: bytes
    error: RecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """The good records of a body, framed, and the bad ones."""

    records: Records
    bad: tuple[Bad, ...] = ()


def salvage(body: bytes, data_format: DataFormat, problem: Problem) -> Salvaged:
    """Take a refused body apart; `problem` is why it was refused.

    Raises:
        Refused: with that problem, when the body cannot be taken apart, or no record of it is good.
    """
    if framing_of(data_format) is not Framing.JSON or problem.code is not Code.MALFORMED_BODY:
        raise Refused(problem)
    # White space in place of the byte order mark keeps every offset as the sender counts it.
    body = body.removeprefix(BOM).rjust(len(body))
    pieces = _elements(body) if body.lstrip().startswith(b"[") else _lines(body)
    if not pieces:
        raise Refused(problem)
    good: list[bytes] = []
    bad: list[Bad] = []
    for index, (line, offset, piece) in enumerate(pieces):
        reason = _reason(piece)
        if reason is None:
            good.append(piece.strip().replace(b"\r", b" ").replace(b"\n", b" "))
        else:
            code = "not-an-object" if reason == _NOT_OBJECT else "malformed-json"
            error = RecordError(index=index, line=line, offset=offset, code=code, detail=reason)
            bad.append(Bad(content=piece, error=error))
    if not good:
        raise Refused(problem)
    records = Records(content=b"\n".join([*good, b""]), data_format=DataFormat.JSON, count=len(good))
    return Salvaged(records=records, bad=tuple(bad))


_NOT_OBJECT = "The record is not a JSON object."


def _reason(piece: bytes) -> str | None:
    """Why a piece is no record; None for a good one."""
    try:
        piece.decode()
        raw = bytes(_OBJECTS.decode(piece))
    except UnicodeDecodeError:
        return "The record is not UTF-8."
    except (msgspec.DecodeError, RecursionError):
        return "The record is not valid JSON."
    return None if raw.startswith(b"{") else _NOT_OBJECT


def _lines(body: bytes) -> list[tuple[int, int, bytes]]:
    """Line, offset and bytes of every line that holds something."""
    pieces: list[tuple[int, int, bytes]] = []
    offset = 0
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            pieces.append((number, offset, line))
        offset += len(line) + 1
    return pieces


def _elements(body: bytes) -> list[tuple[int, int, bytes]]:
    """Line, offset and bytes of every element of an array; none when the array itself is broken."""
    try:
        elements = [bytes(raw) for raw in _ARRAY.decode(body)]
    except (msgspec.DecodeError, RecursionError):
        return []
    pieces: list[tuple[int, int, bytes]] = []
    offset = line = 0
    for element in elements:
        found = body.index(element, offset)
        line += body.count(b"\n", offset, found)
        pieces.append((line + 1, found, element))
        offset = found + len(element)
        line += element.count(b"\n")
    return pieces
