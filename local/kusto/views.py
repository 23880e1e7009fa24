"""Materialized views, kept as DuckDB views and so evaluated when they are queried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.kusto.query import translate
from local.kusto.sql import literal, public

if TYPE_CHECKING:
    from local.kusto.catalog import Database, MaterializedView
    from local.kusto.store import Connection


def define_view(con: Connection, database: Database, view: MaterializedView) -> None:
    """Make or remake the view; raises ``KustoError`` where its query does not translate."""
    translation = translate(view.query, database)
    sql = translation.sql
    for name, value in translation.parameters.items():
        sql = sql.replace(f"${name}", literal(str(value)))
    con.execute(f"CREATE OR REPLACE VIEW {public(database.name, view.name)} AS {sql}")


def drop_view(con: Connection, database: str, name: str) -> None:
    """Remove the view."""
    con.execute(f"DROP VIEW IF EXISTS {public(database, name)}")


def refresh_views(con: Connection, database: Database) -> None:
    """Remake all views after a change of the tables below them."""
    for view in database.views.values():
        define_view(con, database, view)
