"""Which gathered payloads may be queued as one source.

On the streaming path a refused request is taken apart and sent again. On the queued path nobody can: the batching
manager refuses a whole source when its records are malformed or differ in their number of fields (docs: "Ingestion
error codes", Stream_WrongNumberOfFields, Stream_ClosingQuoteMissing). So only payloads of one and the same shape share
a source; a payload whose shape cannot be told travels alone. Pure.
"""

import csv
import io
from collections.abc import Sequence

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.framing.separated import DELIMITERS
from shared.payload import Payload


def sources(parts: Sequence[Payload]) -> list[list[Payload]]:
    """The parts in groups, one for each source."""
    groups: dict[object, list[Payload]] = {}
    for part in parts:
        groups.setdefault(_shape(part) or part.source_id, []).append(part)
    return list(groups.values())


def _shape(payload: Payload) -> object | None:
    """What payloads must have in common; None for one that must travel alone."""
    data_format = payload.records.data_format
    match framing_of(data_format):
        case Framing.JSON:
            return Framing.JSON  # framing has read every record: each line is an object
        case Framing.LINES if data_format is DataFormat.TXT:
            return Framing.LINES  # a line is a record, whatever is in it
        case Framing.QUOTED:
            return _fields(payload.records.content, DELIMITERS[data_format])
        case Framing.LINES | Framing.WHOLE | Framing.BINARY:
            return None


def _fields(content: bytes, delimiter: bytes) -> int | None:
    """The number of fields that every record has; None when records differ or a quote is out of place."""
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter.decode(), strict=True)
    try:
        counts = {len(row) for row in reader if row}
    except csv.Error:
        return None
    return counts.pop() if len(counts) == 1 else None
