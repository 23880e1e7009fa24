"""Framing: a body becomes records. Headers are stripped, arrays unwrapped, and the text of a record is kept as sent.

Pure: bytes in, bytes out. JSON is cut into raw slices and never re-serialised, so big integers, number text and the
order of keys survive.
"""

import json
import re
from dataclasses import dataclass

import msgspec

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.framing.separated import line_of, record_ends
from shared.outcome import Code, Problem, RecordError, Refused

BOM = b"\xef\xbb\xbf"
_ARRAY: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECTS: msgspec.json.Decoder[msgspec.Raw] = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """A framed body, ready to be sent: no header row, no byte order mark, one record a line where records are cut.

    `content` are raw (uncompressed) bytes in `data_format`; `count` is None where only the service can count.
    """

    content: bytes
    data_format: DataFormat
    count: int | None


def frame(body: bytes, data_format: DataFormat, *, skip_header: bool) -> Records:
    """Cut a whole raw body into records.

    Raises:
        Refused: 400 when the body is empty, holds nothing but a header, or cannot be cut; positions are given.
    """
    if not body:
        raise Refused(Problem(code=Code.EMPTY_BODY, detail="The body is empty. Send at least one record."))
    match framing_of(data_format):
        case Framing.JSON:
            return _frame_json(body)
        case Framing.QUOTED | Framing.LINES:
            return _frame_lines(body, data_format, skip_header=skip_header)
        case Framing.WHOLE:
            text = _text(body)
            if not text:
                raise Refused(
                    Problem(code=Code.EMPTY_BODY, detail="The body holds a byte order mark and nothing else.")
                )
            return Records(content=text, data_format=data_format, count=_whole_count(data_format))
        case Framing.BINARY:
            return Records(content=body, data_format=data_format, count=None)


def cut(records: Records) -> list[bytes]:
    """The single records of a framed body, each with its line break; one item where records are not cut by lines."""
    match framing_of(records.data_format):
        case Framing.QUOTED | Framing.LINES | Framing.JSON:
            ends = record_ends(records.content, records.data_format)
            parts = [records.content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
            return [part for part in parts if part.strip(b"\r\n")]
        case Framing.WHOLE | Framing.BINARY:
            return [records.content]


def _whole_count(data_format: DataFormat) -> int | None:
    return None if data_format is DataFormat.W3CLOGFILE else 1


def _text(body: bytes) -> bytes:
    """The body without its byte order mark, proved to be UTF-8 (Kusto's text formats are UTF-8)."""
    text = body.removeprefix(BOM)
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError as error:
            detail = f"The body is not UTF-8: byte {error.start} cannot be decoded. Kusto's text formats are UTF-8."
            raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail)) from None
    return text


def _frame_json(body: bytes) -> Records:
    # White space in place of the byte order mark keeps every offset as the sender counts it.
    text = _text(body).rjust(len(body))
    if not text.strip():
        raise Refused(Problem(code=Code.EMPTY_BODY, detail="The body holds white space only. Send a JSON object."))
    try:
        raws = _ARRAY.decode(text) if _is_array(text) else _OBJECTS.decode_lines(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(_json_problem(text, error)) from None
    if not raws:
        raise Refused(Problem(code=Code.EMPTY_BODY, detail="The JSON array is empty. Send at least one object."))
    records = [bytes(raw) for raw in raws]
    _refuse_non_objects(text, records)
    # Line breaks inside a valid JSON text can only stand between its tokens (RFC 8259, section 2), so a space keeps
    # the meaning and gives one record a line.
    content = b"\n".join(records if b"\n" not in text and b"\r" not in text else map(_one_line, records))
    return Records(content=content + b"\n", data_format=DataFormat.JSON, count=len(records))


def _is_array(text: bytes) -> bool:
    return text.lstrip().startswith(b"[")


def _one_line(record: bytes) -> bytes:
    return record.replace(b"\r", b" ").replace(b"\n", b" ")


def _refuse_non_objects(text: bytes, records: list[bytes]) -> None:
    wrong = [index for index, record in enumerate(records) if not record.startswith(b"{")]
    if not wrong:
        return
    errors = tuple(
        RecordError(index=index, line=line_of(text, offset), offset=offset, code="not-an-object", detail=_NOT_OBJECT)
        for index, offset in _offsets(text, records, wrong[:20])
    )
    detail = f"{len(wrong)} of {len(records)} records are not JSON objects. {_NOT_OBJECT}"
    raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail, errors=errors, errors_total=len(wrong)))


_NOT_OBJECT = "Each record must be an object, because an ingestion mapping reads its properties by name."


def _offsets(text: bytes, records: list[bytes], indexes: list[int]) -> list[tuple[int, int]]:
    """The byte offset of each named record; records lie in `text` in this order."""
    found: list[tuple[int, int]] = []
    wanted, position = set(indexes), 0
    for index, record in enumerate(records[: indexes[-1] + 1]):
        position = text.index(record, position)
        if index in wanted:
            found.append((index, position))
        position += len(record)
    return found


def _json_problem(text: bytes, error: Exception) -> Problem:
    """Say where JSON breaks: msgspec's own message names a byte and no content."""
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    index, offset = _broken_in_array(text, reason) if _is_array(text) else _broken_line(text)
    line = line_of(text, offset)
    item = RecordError(index=index, line=line, offset=offset, code="malformed-json", detail=reason)
    detail = f"The body is not valid JSON near record {index}, line {line}: {reason}."
    return Problem(code=Code.MALFORMED_BODY, detail=detail, errors=(item,), errors_total=1)


def _broken_in_array(text: bytes, reason: str) -> tuple[int, int]:
    """Index of the element, and offset of the byte, that msgspec stumbled over; the end where it names none."""
    named = re.search(r"\(byte (\d+)\)", reason)
    offset = min(int(named[1]), len(text)) if named else len(text)
    index, position = 0, text.index(b"[") + 1
    scan = json.JSONDecoder().raw_decode
    whole = text[:offset].decode(errors="ignore")
    try:
        while True:
            position = scan(whole, _skip(whole, position))[1]
            position = _skip(whole, position)
            if not whole.startswith(",", position):
                return index, offset
            index, position = index + 1, position + 1
    except (ValueError, RecursionError):
        return index, offset


def _skip(text: str, position: int) -> int:
    """The next position that is no white space."""
    found = re.compile(r"\s*").match(text, position)
    return found.end() if found else position


def _broken_line(text: bytes) -> tuple[int, int]:
    """Index and offset of the first line that does not decode; (0, 0) for a body that is one document."""
    offset = index = 0
    for line in text.split(b"\n"):
        if line.strip():
            try:
                index += len(_OBJECTS.decode_lines(line))
            except (msgspec.DecodeError, RecursionError):
                return index, offset + len(line) - len(line.lstrip())
        offset += len(line) + 1
    return 0, 0


def _frame_lines(body: bytes, data_format: DataFormat, *, skip_header: bool) -> Records:
    text = _text(body)
    ends = record_ends(text, data_format, shift=len(body) - len(text))
    starts = [0, *ends][: len(ends)]
    # A line without anything on it is no record; a row of empty fields is one.
    filled = [end for start, end in zip(starts, ends, strict=True) if text[start:end].strip(b"\r\n")]
    header = filled[0] if skip_header and filled else 0
    count = len(filled) - (1 if header else 0)
    if not count:
        what = "nothing but a header row" if header else "no record"
        detail = f"The body holds {what}. Send at least one record."
        raise Refused(Problem(code=Code.EMPTY_BODY, detail=detail))
    return Records(content=text[header:].rstrip(b"\r\n") + b"\n", data_format=data_format, count=count)
