"""Made-up storm events, as a CSV file with a header row. Pure and seeded: the same arguments give the same bytes."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random

COLUMNS = ("StartTime", "EndTime", "State", "DamageProperty", "DamageCrops", "Source", "StormSummary")

_YEAR = datetime(2007, 1, 1)  # noqa: DTZ001 - Kusto datetimes are UTC and the file's have no zone
_MINUTES = 365 * 24 * 60
_STATES = ("ATLANTIC SOUTH", "FLORIDA", "GEORGIA", "KANSAS", "MISSISSIPPI", "OKLAHOMA", "PUERTO RICO", "TEXAS")
#: A comma, a quote and a line break inside a field: what a naive CSV reader gets wrong.
_SOURCES = (
    "Broadcast Media",
    "Emergency Manager",
    "Law Enforcement",
    "Public",
    "Ship, buoy or \N{LATIN SMALL LETTER O WITH DIAERESIS}re carrier",
    'Spotter known as "Hawk"',
    "COOP Observer\nsecond shift",
)
_KINDS = ("Flash Flood", "Hail", "Heavy Rain", "Thunderstorm Wind", "Tornado", "Waterspout")
_REMARKS = (
    "Trees were down, power lines too.",
    'A farmer said "never seen the like".',
    "First report at dusk.\nSecond report at midnight.",
    "No injuries.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """One row. Damages are in whole dollars."""

    start: datetime
    end: datetime
    state: str
    damage_property: int
    damage_crops: int
    source: str
    summary: str  # JSON text of one object

    def fields(self) -> tuple[str | int, ...]:
        """In the order of `COLUMNS`."""
        return (
            _kusto_time(self.start),
            _kusto_time(self.end),
            self.state,
            self.damage_property,
            self.damage_crops,
            self.source,
            self.summary,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StormFile:
    """A CSV file: UTF-8 bytes, and the number of its rows without the header."""

    content: bytes
    rows: int


def storms(seed: int) -> Iterator[Storm]:
    """Rows without end; all of them end before 2008-02-01."""
    random = Random(seed)  # noqa: S311 - made-up weather, not a secret
    while True:
        start = _YEAR + timedelta(minutes=random.randrange(_MINUTES))
        end = start + timedelta(minutes=random.randrange(30 * 24 * 60))
        damages = random.choice((0, 0, 0, 2_000, 50_000)), random.choice((0, 0, 15_000))
        summary = {
            "TotalDamages": sum(damages),
            "Details": {"Kind": random.choice(_KINDS), "Remark": random.choice(_REMARKS)},
        }
        yield Storm(
            start=start,
            end=end,
            state=random.choice(_STATES),
            damage_property=damages[0],
            damage_crops=damages[1],
            source=random.choice(_SOURCES),
            summary=json.dumps(summary),
        )


def file_of_rows(rows: int, *, seed: int) -> StormFile:
    """A file of exactly so many rows below its header."""
    return StormFile(content=_header() + b"".join(map(_line, islice(storms(seed), rows))), rows=rows)


def file_of_bytes(size: int, *, seed: int) -> StormFile:
    """The smallest file of at least so many bytes and one row."""
    parts, total = [_header()], len(_header())
    for storm in storms(seed):
        line = _line(storm)
        parts.append(line)
        total += len(line)
        if total >= size:
            break
    return StormFile(content=b"".join(parts), rows=len(parts) - 1)


def _header() -> bytes:
    return _csv(COLUMNS)


def _line(storm: Storm) -> bytes:
    return _csv(storm.fields())


def _csv(fields: tuple[str | int, ...]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(fields)  # RFC 4180
    return buffer.getvalue().encode()


def _kusto_time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}.0000000"
