"""Datetimes and timespans in the forms that Kusto reads.

Source: Microsoft docs, ``datetime`` and ``timespan`` data types. Ticks (100 ns) are cut to microseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final

from dateutil import parser as dates

_ISO: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")
_LITERAL: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*(d|h|m|s|ms|microsecond|tick)s?", re.IGNORECASE)
_UNIT_MICROSECONDS: Final = {
    "d": Decimal(86_400_000_000),
    "h": Decimal(3_600_000_000),
    "m": Decimal(60_000_000),
    "s": Decimal(1_000_000),
    "ms": Decimal(1_000),
    "microsecond": Decimal(1),
    "tick": Decimal("0.1"),
}


def parse_datetime(text: str) -> datetime | None:
    """A naive UTC datetime: ISO 8601 forms, RFC 1123 / 822 / 850 and the common written ones."""
    found = _ISO.fullmatch(text)
    try:
        moment = _iso(found) if found else _written(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return moment
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None


def _iso(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micro)  # noqa: DTZ001 - a form without a zone is UTC in Kusto
    if not zone:
        return moment
    return datetime.fromisoformat(f"{moment.isoformat()}{'+00:00' if zone in 'Zz' else zone}")


def _written(text: str) -> datetime:
    if not re.search(r"\d", text) or re.fullmatch(r"[\d.+-]+", text):
        raise ValueError(text)
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return dates.parse(text, default=datetime(1, 1, 1))  # noqa: DTZ001 - a form without a zone is UTC in Kusto


def parse_timespan(text: str) -> timedelta | None:
    """``[-][d.]hh:mm[:ss[.fffffff]]``, or a literal such as ``1.5h``."""
    clock = _CLOCK.fullmatch(text)
    try:
        if clock:
            return _clock(clock)
        spelled = _LITERAL.fullmatch(text)
        if spelled:
            micros = Decimal(spelled[1]) * _UNIT_MICROSECONDS[spelled[2].lower()]
            return timedelta(microseconds=int(micros))
        return timedelta(days=int(text)) if re.fullmatch(r"-?\d{1,7}", text) else None
    except OverflowError:
        return None


def _clock(clock: re.Match[str]) -> timedelta | None:
    minus, days, hours, minutes, seconds, fraction = clock.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:  # noqa: PLR2004 - hours, minutes, seconds
        return None
    span = timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")[:6]),
    )
    return -span if minus else span


def timespan_text(seconds: float) -> str:
    """A positive timespan as Kusto prints it: ``[d.]hh:mm:ss.fffffff``."""
    whole, ticks = divmod(round(seconds * 10_000_000), 10_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{f'{days}.' if days else ''}{hour:02}:{minute:02}:{second:02}.{ticks:07}"
