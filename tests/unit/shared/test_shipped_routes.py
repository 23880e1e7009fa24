"""The route file that is shipped, the tables and mappings that infra/kql creates, and the settings agree."""

import json
import re
from pathlib import Path

import pytest

from shared.framing.formats import MappingKind, mapping_kind_of
from shared.routing.route_file import parse_routes
from shared.routing.routes import Route, RouteTable
from shared.webhooks.events import Event
from tests.infra.checks.kql import schema_of

ROOT = Path(__file__).parents[3]
SCHEMA = schema_of(ROOT)
MAPPINGS = {(m.table, m.name): (m.kind, json.loads(m.body)) for m in SCHEMA.mappings}


def shipped() -> RouteTable:
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    return parse_routes(text, database="Events", secrets={"GITHUB_WEBHOOK_SECRET": "x"})


each_route = pytest.mark.parametrize("route", tuple(shipped()), ids=lambda route: route.name)
each_mapping = pytest.mark.parametrize(("table", "name"), MAPPINGS)


def test_the_shipped_routes() -> None:
    assert [route.name for route in shipped()] == ["storms", "storm-lines", "events", "github"]


@each_route
def test_the_table_of_a_route_is_created_and_streams(route: Route) -> None:
    assert route.table in SCHEMA.tables
    assert SCHEMA.streams(route.table)


@each_route
def test_the_mapping_of_a_route_is_created_and_of_its_kind(route: Route) -> None:
    assert route.data_format
    (name,) = route.mappings
    kind, _ = MAPPINGS[route.table or "", name]
    assert kind == mapping_kind_of(route.data_format)


@each_mapping
def test_a_mapping_fills_every_column_of_its_table_in_order(table: str, name: str) -> None:
    assert [row["Column"] for row in MAPPINGS[table, name][1]] == list(SCHEMA.tables[table])


@each_mapping
def test_a_csv_mapping_counts_and_a_json_mapping_names(table: str, name: str) -> None:
    kind, rows = MAPPINGS[table, name]
    if kind == MappingKind.CSV:
        assert [row["Properties"]["Ordinal"] for row in rows] == [str(n) for n in range(len(rows))]
    else:
        assert [row["Properties"]["Path"] for row in rows] == [f"$.{row['Column'].lower()}" for row in rows]


def test_the_mapping_of_events_reads_what_the_envelope_writes() -> None:
    paths = {row["Properties"]["Path"] for row in MAPPINGS["WebhookEvents", "WebhookEvents_json"][1]}
    assert paths <= {f"$.{name}" for name in Event.__struct_fields__}


@pytest.mark.parametrize(
    ("blob", "route"),
    [
        ("storms/a.csv", "storms"),
        ("storms/2026/01/a.csv.gz", "storms"),
        ("events/a.jsonl", "events"),
        ("events/x/a.json.gz", "events"),
        ("storms/a.txt", None),
        ("other/a.csv", None),
    ],
)
def test_where_blobs_go(blob: str, route: str | None) -> None:
    match = shipped().of_blob(blob)
    assert (match.route.name if match else None) == route


def test_the_example_that_is_commented_out_is_a_route_too() -> None:
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    switched_on = re.sub(r"^# (?=\[routes\.standard\]|\w+ = )", "", text, flags=re.MULTILINE)
    secrets = {"GITHUB_WEBHOOK_SECRET": "x", "STANDARD_WEBHOOK_SECRET": "whsec_AAAA"}
    assert parse_routes(switched_on, database="Events", secrets=secrets).hook("standard")
