"""The KQL scripts and the route file of this checkout fit each other; and the checks see what does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.infra.checks.kql import PLACEHOLDER, mapping_problems, route_problems, script_problems, scripts_of
from tests.kql.scripts import commands, read_schema

ROOT = Path(__file__).parents[2]


def test_the_scripts_are_what_a_deployment_takes() -> None:
    assert script_problems(ROOT) == []


def test_the_mappings_fit_their_tables() -> None:
    assert mapping_problems(ROOT) == []


def test_the_routes_find_what_they_name() -> None:
    assert route_problems(ROOT) == []


def test_only_scripts_of_the_database_hold_the_placeholder() -> None:
    holders = [
        path.name for path in scripts_of(ROOT) if PLACEHOLDER in "".join(c.code for c in commands(path.read_text()))
    ]

    assert holders == ["00-database.kql", "05-managed-identity.kql"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout's scripts and routes, to be broken."""
    shutil.copytree(ROOT / "infra" / "kql", tmp_path / "infra" / "kql")
    shutil.copy(ROOT / "routes.toml", tmp_path)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"Column": "State"', '"Column": "Stat"', "column 'Stat' is not in the table"),
        ('"Column": "State"', '"Column": "Source"', "column Source is filled twice"),
        ('"Ordinal": "1"', '"Ordinal": "0"', "Ordinal 0 is given twice"),
        ('"Ordinal": "6"', '"Ordinal": "7"', "Ordinal 7 is none of the 7 columns"),
        ('"Ordinal": "6"', '"Ordinal": "-1"', "Ordinal -1 is none of the 7 columns"),
        ('{"Ordinal": "6"}', '{"Path": "$.a"}', "a column has no Ordinal"),
        ('{"Ordinal": "6"}}', '{"Ordinal": "6"}', "not a JSON array of objects"),
        ("ingestion csv mapping", "ingestion json mapping", "csv needs a csv mapping"),
        ("table MyStormEvents ingestion", "table MyStormEvent ingestion", "no script makes the table MyStormEvent"),
    ],
)
def test_a_broken_mapping_of_lines_is_found(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "infra" / "kql" / "10-storms.kql", old, new)

    assert any(problem in found for found in mapping_problems(copy))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"$.subject"', '"subject"', "Path 'subject' is no JSON path"),
        ('"$.subject"', '"$..subject"', "Path '$..subject' is no JSON path"),
        ('"$.subject"', '"$.type"', "Path $.type is read twice"),
        ('{"Path": "$.subject"}', "{}", "a column has no Path"),
        ("Subject:string, ", "", "column 'Subject' is not in the table"),
    ],
)
def test_a_broken_mapping_of_objects_is_found(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "infra" / "kql" / "20-webhooks.kql", old, new)

    assert any(problem in found for found in mapping_problems(copy))


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("10-storms.kql", '"MyStormEvents_csv"', '"Storms_csv"', "no script makes the mapping MyStormEvents_csv"),
        (
            "10-storms.kql",
            ".create-merge table MyStormEvents",
            ".create-merge table Storms",
            "no script makes the table",
        ),
        (
            "10-storms.kql",
            "streamingingestion enable",
            "streamingingestion disable",
            "lets the table MyStormEvents stream",
        ),
    ],
)
def test_a_route_without_its_table_is_found(copy: Path, file: str, old: str, new: str, problem: str) -> None:
    change(copy / "infra" / "kql" / file, old, new)

    assert any(problem in found for found in route_problems(copy))


def test_a_route_to_an_unknown_table_is_found(copy: Path) -> None:
    change(copy / "routes.toml", 'table = "MyStormEvents"', 'table = "Storms"')

    assert "route storms: no script makes the table Storms" in route_problems(copy)


def test_a_route_file_that_cannot_be_read_is_a_problem(copy: Path) -> None:
    change(copy / "routes.toml", "table =", "tabel =")

    assert route_problems(copy)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (".create-merge table", ".set-or-append", ".set-or-append is not a verb"),
        (".create-merge table", ".drop table", ".drop is not a verb"),
        (".alter table MyStormEvents policy caching", ".alter cluster policy caching", ".alter cluster is a command"),
        (".alter table MyStormEvents policy caching", ".alter database Events policy caching", "names a database by"),
        ("hot = 31d", "hot = {days}", "{days} is replaced by nothing"),
        ("hot = 31d", "hot = {database}", "a name is quoted"),
        ("hot = 31d\n", "hot = 31d\r\n", "carriage returns"),
        ("hot = 31d\n", "hot = 31d", "ends no line"),
        ("// Storm", "//" + "x" * 131_072, "loadTextContent"),
    ],
)
def test_a_script_that_no_deployment_takes_is_found(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "infra" / "kql" / "10-storms.kql", old, new)

    assert any(problem in found for found in script_problems(copy))


def test_a_file_that_is_no_script_is_found(copy: Path) -> None:
    (copy / "infra" / "kql" / "Schema.kql").write_text("MyStormEvents | count\n")

    assert len(script_problems(copy)) >= 2


def test_a_checkout_without_scripts_is_a_problem(tmp_path: Path) -> None:
    assert script_problems(tmp_path)


def test_how_a_script_is_read() -> None:
    text = (
        "// about it\n\n.create table ['My table'] (['a b']:string,\n  c:long)\n\n"
        ".create-or-alter table [\"My table\"] ingestion csv mapping 'm' ```\n[\n.not a command\n]\n```\n// end\n"
        ".alter table T policy streamingingestion '{\"IsEnabled\": true}'\n"
    )

    schema = read_schema([text])

    assert [text[c.start :].split(maxsplit=1)[0] for c in commands(text)] == [".create", ".create-or-alter", ".alter"]
    assert schema.tables == {"My table": {"a b": "string", "c": "long"}}
    assert [(m.table, m.kind, m.name, m.body.strip()) for m in schema.mappings] == [
        ("My table", "csv", "m", "[\n.not a command\n]")
    ]
    assert schema.streams("T")
    assert not schema.streams("My table")
