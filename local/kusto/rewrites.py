"""What ``duckdb_kql`` lacks and can be said in KQL that it has.

``ingestion_time()`` becomes the hidden column of the rows; ``percentiles(x, a, b)`` becomes one ``percentile`` per
value, which also gives Kusto's column names; ``materialized_view('V')`` and ``table('T')`` become the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from local.kusto.sql import INGESTED

_TOKEN: Final = re.compile(
    r"""(?P<skip>//[^\n]*|@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*')"""
    r"|(?P<time>\bingestion_time\s*\(\s*\))"
    r"|\b(?:materialized_view|table)\s*\(\s*(?P<entity>'[^'\n]*'|\"[^\"\n]*\")[^()]*\)"
    r"|(?P<many>\bpercentiles\s*\(\s*(?P<of>(?:[^(),]|\([^()]*\))+?)\s*,\s*(?P<values>[\d.,\s]+?)\s*\))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A query to translate; ``ingestion_time`` tells whether it needs the hidden columns."""

    text: str
    ingestion_time: bool


def rewrite(csl: str) -> Rewritten:
    """Rewrite outside strings and comments."""
    uses_time = False

    def swap(found: re.Match[str]) -> str:
        nonlocal uses_time
        if found["time"]:
            uses_time = True
            return f"(['{INGESTED}'] + 0s)"
        if found["entity"]:
            return f"[{found['entity']}]"
        if found["many"]:
            values = (v.strip() for v in found["values"].split(","))
            return ", ".join(f"percentile({found['of']}, {v})" for v in values if v)
        return found[0]

    text = _TOKEN.sub(swap, csl)
    return Rewritten(text=text, ingestion_time=uses_time)
