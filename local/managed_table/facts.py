"""What the official client was seen to do: measured by the command, kept beside the table, never measured in tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

#: The record; `python -m local.managed_table --write` makes it.
FILE: Final = Path(__file__).with_name("official.json")

#: The answer of a call that had not come back within the bound of a case.
STILL_WAITING: Final = "still waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What the official client was seen to do.

    Attributes:
        answer: The status that it returned (`SUCCESS`, `QUEUED`), `None`, the exception that it raised, or that it
            was still waiting.
        stream: Streaming requests that the service saw.
        dm: Requests that the ingestion endpoint saw.
        times: How many times the records are in the table in the end.
        seconds: How long the call took.
    """

    answer: str
    stream: int
    dm: int
    times: float
    seconds: float


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """All cases of one run, with the version of azure-kusto-ingest and the day (ISO 8601)."""

    version: str
    day: str
    cases: Mapping[str, Fact]


def read(file: Path = FILE) -> Record:
    """The record.

    Raises:
        OSError: when there is none.
        msgspec.DecodeError: when it is something else.
    """
    return msgspec.json.decode(file.read_bytes(), type=Record)


def write(record: Record, file: Path = FILE) -> None:
    """Replace the record; one case a line, in the table's order."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
