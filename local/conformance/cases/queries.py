"""Queries."""

from __future__ import annotations

from local.conformance.case import Case, Expect, Query
from local.conformance.cases import sources

_ROWS = (".ingest inline into table {table} <|\n1,a\n2,b\n3,b",)


def _query(name: str, text: str, *shows: tuple[object, ...]) -> Case:
    """A query with its rows; without any it must be refused."""
    expect = Expect(shows=shows) if shows else Expect(status=400, permanent=True)
    return Case(name=f"query: {name}", source=sources.QUERY, setup=_ROWS, action=Query(text=text), expect=expect)


QUERIES = (
    _query("count", "{table} | count", (3,)),
    _query("where", "{table} | where Name == 'b' | project Id | order by Id asc", (2,), (3,)),
    _query("string comparison is case-sensitive", "{table} | where Name == 'B' | count", (0,)),
    _query("string comparison in any case", "{table} | where Name =~ 'B' | count", (2,)),
    _query("summarize", "{table} | summarize n=count() by Name | order by Name asc", ("a", 1), ("b", 2)),
    _query("top", "{table} | top 1 by Id desc | project Id, Name", (3, "b")),
    _query("order is descending unless told", "{table} | order by Id | project Id", (3,), (2,), (1,)),
    _query("extend", "{table} | where Id == 1 | extend Twice=Id*2 | project Twice", (2,)),
    _query("print", "print 1 + 1", (2,)),
    _query("ingestion_time", "{table} | where ingestion_time() > ago(1d) | count", (3,)),
    _query("a table that is not there", "{table}_not | count"),
    _query("a column that is not there", "{table} | project Nothing"),
    _query("a syntax error", "{table} | where where"),
)
