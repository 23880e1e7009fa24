"""What the engine knows about its databases: immutable values that a change replaces as a whole.

``msgspec`` writes them to JSON and reads them back, so the same classes are the stored form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping  # noqa: TC003 - msgspec reads the annotations
from dataclasses import dataclass, field, replace
from typing import Any, Final

from local.kusto.errors import entity_not_found, mapping_not_found, table_not_found
from local.kusto.formats import MappingKind, serving_kinds
from local.kusto.kusto_types import KustoType  # noqa: TC001 - msgspec reads the annotations

_MIB: Final = 1024 * 1024
_LONGEST: Final = {"bigobject": 2 * _MIB, "bigobject32": 32 * _MIB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; ``encoding`` is its encoding policy profile, lower case, empty for the default."""

    name: str
    type: KustoType
    encoding: str = ""

    @property
    def longest(self) -> int:
        """The most bytes that a string or dynamic value may have (Microsoft docs: ``encoding-policy``)."""
        return _LONGEST.get(self.encoding, _MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionMapping:
    """A pre-created ingestion mapping; ``elements`` is its JSON list as it was given."""

    name: str
    kind: MappingKind
    elements: list[dict[str, Any]]
    updated: str


def find_mapping(mappings: Iterable[IngestionMapping], name: str, kind: MappingKind) -> IngestionMapping | None:
    """The mapping of that name and kind, if it is among them."""
    return next((m for m in mappings if m.name == name and m.kind is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its columns, its mappings, and the policies set on it by their lower-case name."""

    name: str
    columns: tuple[Column, ...]
    folder: str = ""
    docstring: str = ""
    mappings: tuple[IngestionMapping, ...] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """The column of that name, case-sensitive as in Kusto."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFunction:
    """A stored function; ``parameters`` with their brackets, ``body`` with its braces."""

    name: str
    parameters: str
    body: str
    folder: str = ""
    docstring: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializedView:
    """A materialized view, evaluated when it is queried."""

    name: str
    source: str
    query: str
    folder: str = ""
    docstring: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database with everything in it."""

    name: str
    tables: Mapping[str, Table] = field(default_factory=dict)
    functions: Mapping[str, StoredFunction] = field(default_factory=dict)
    views: Mapping[str, MaterializedView] = field(default_factory=dict)
    mappings: tuple[IngestionMapping, ...] = ()
    policies: Mapping[str, Any] = field(default_factory=dict)

    def mapping(self, table: Table, name: str, kind: MappingKind) -> IngestionMapping:
        """The mapping of that name for that kind: the table's own first, then the database's; raises ``KustoError``."""
        for mappings in (table.mappings, self.mappings):
            for served in serving_kinds(kind):
                found = find_mapping(mappings, name, served)
                if found is not None:
                    return found
        raise mapping_not_found(name)

    def table(self, name: str) -> Table:
        """The table of that name; raises ``KustoError``."""
        found = self.tables.get(name)
        if found is None:
            raise table_not_found(name)
        return found

    def view(self, name: str) -> MaterializedView:
        """The materialized view of that name; raises ``KustoError``."""
        found = self.views.get(name)
        if found is None:
            raise entity_not_found(name, "MaterializedView")
        return found

    def function(self, name: str) -> StoredFunction:
        """The stored function of that name; raises ``KustoError``."""
        found = self.functions.get(name)
        if found is None:
            raise entity_not_found(name, "Function")
        return found

    def with_table(self, table: Table) -> Database:
        """This database with the table added or replaced."""
        return replace(self, tables={**self.tables, table.name: table})

    def streaming_enabled(self, table: Table) -> bool:
        """Whether streaming ingestion is on: the table's own policy decides, else the database's.

        Source: Microsoft docs, ``streaming-ingestion-policy``. A table's explicit ``IsEnabled: false`` wins.
        """
        policy = table.policies.get("streamingingestion") or self.policies.get("streamingingestion")
        return bool(policy and policy.get("IsEnabled"))
