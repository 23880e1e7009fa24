"""What the pages show is what the code takes and gives: routes, answers, problems, queries, settings."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from local.kql import script_text
from local.kusto.commands.catalogue import execute
from local.kusto.engine import Engine
from local.paths import ROOT
from shared.bootstrap import Application, start
from shared.desk.operations import _body
from shared.http.api import render, render_problem
from shared.ingest.durable import RESERVE, SHARE
from shared.ingest.managed import QUEUE_RESERVE, QUEUE_SHARE
from shared.outcome import Batch, Code, Deferred, Delivered, Limit, Outcome, Problem, RecordError
from shared.pipelines.requests import Answer
from shared.routing.route_file import RouteFileError, parse_routes
from shared.settings import SETTINGS
from shared.storage.ledger import Receipt, State
from shared.storage.names import LANDING_CONNECTION
from tests.infra.checks.kql import AnySecret
from tests.unit.docs.pages import DOCS, blocks, page_text, shipped

EXAMPLE = ROOT / "local.settings.example.json"
_RECORD = RecordError(index=0, line=1, offset=0, code="c", detail="d")

each_page = pytest.mark.parametrize("page", DOCS, ids=lambda path: path.stem)


@each_page
def test_json_blocks_parse(page: Path) -> None:
    for _, text in blocks(page, "json"):
        json.loads(text)


@each_page
def test_toml_blocks_are_routes_that_the_application_takes(page: Path) -> None:
    for note, text in blocks(page, "toml"):
        tomllib.loads(text)
        if "[routes." in text and note != "refused":
            parse_routes(text, database="Events", secrets=AnySecret())


def test_start_up_errors_are_the_ones_shown() -> None:
    ((_, example),) = [block for block in blocks(ROOT / "docs" / "routes.md", "toml") if block[0] == "refused"]
    ((_, shown),) = blocks(ROOT / "docs" / "routes.md", "text")

    with pytest.raises(RouteFileError) as told:
        parse_routes(example, database="Events", secrets={})

    assert list(told.value.problems) == shown.splitlines()


def answers() -> dict[str, dict[str, Any]]:
    """Every form of answer as the code renders it, with everything in it that can be."""
    batch = Batch(requests=1, rows=1, wait=0.0)
    outcomes: dict[str, Outcome | None] = {
        "delivered": Delivered(rows=1, raw_size=1, attempts=1, batch=batch, rejected=(_RECORD,)),
        "deferred": Deferred(reason="throttled", rows=1, raw_size=1, attempts=1, detail="d", rejected=(_RECORD,)),
        "valid": None,
    }
    return {
        name: json.loads(render(Answer(operation_id=UUID(int=1), outcome=outcome, rows=1, raw_size=1)).body)
        for name, outcome in outcomes.items()
    }


@pytest.mark.parametrize(("outcome", "rendered"), list(answers().items()))
def test_examples_of_answers_have_the_fields_of_answers(outcome: str, rendered: dict[str, Any]) -> None:
    shown = [
        example
        for _, text in blocks(ROOT / "docs" / "http-api.md", "json")
        if (example := json.loads(text)).get("outcome") == outcome
    ]

    assert shown
    for example in shown:
        assert list(example) == [name for name in rendered if name in example]
        assert set(rendered) - set(example) <= {"batch", "errors", "errorsTotal"}, "fields that not every answer has"
        assert list(example["rows"]) == list(rendered["rows"])


def test_the_example_of_an_operation_has_its_fields() -> None:
    receipt = Receipt(id=UUID(int=1), route="r", state=State.DELIVERED)
    (shown,) = [
        example for _, text in blocks(ROOT / "docs" / "http-api.md", "json") if "state" in (example := json.loads(text))
    ]

    assert list(shown) == list(_body(receipt, receipt))


def full_problem(code: Code) -> dict[str, object]:
    problem = Problem(
        code=code,
        detail="d",
        limit=Limit(name="n", value=1, actual=2),
        accepted=("POST",),
        errors=(_RECORD,),
        errors_total=1,
        retry_after=1.0,
        maybe_committed=True,
    )
    rendered: dict[str, object] = json.loads(render_problem(problem, UUID(int=1)).body)
    return rendered


def test_every_field_of_answers_and_problems_is_described() -> None:
    fields = {name for body in answers().values() for name in body} | set(full_problem(Code.INTERNAL))
    text = page_text("http-api.md")

    assert [name for name in sorted(fields) if f"`{name}`" not in text and name != "dryRun"] == []


def test_examples_of_problems_are_those_of_the_catalogue() -> None:
    shown = [json.loads(text) for _, text in blocks(ROOT / "docs" / "http-api.md", "json")]
    problems = [example for example in shown if "code" in example]

    assert len(problems) >= 3
    for example in problems:
        full = full_problem(Code(example["code"]))
        assert {name: example[name] for name in ("type", "title", "status", "retryable")} == {
            name: full[name] for name in ("type", "title", "status", "retryable")
        }
        assert [name for name in full if name in example] == list(example)


def test_commands_ask_for_shipped_routes() -> None:
    commands = "".join(text for page in DOCS for _, text in blocks(page, "sh"))
    asked = re.findall(r"/api/(ingest|hooks)/([\w-]+)", commands)

    assert asked
    for kind, name in asked:
        assert ("webhook" in shipped()[name]) is (kind == "hooks")


def test_queries_run_against_the_shipped_schema() -> None:
    """In the local Kusto: a reader pastes them into `./dev query`."""
    guides = [page for page in DOCS if not page.name.startswith("local-")]
    queries = [text for page in guides for _, text in blocks(page, "kusto")]
    for page in guides:
        queries += re.findall(r"^\./dev query '([^']+)'", "".join(text for _, text in blocks(page, "sh")), re.MULTILINE)
    engine = Engine()
    try:
        engine.create_database("Events")
        for script in sorted((ROOT / "infra" / "kql").glob("*.kql")):
            execute(engine, "Events", f".execute database script <|\n{script_text(script, 'Events')}")
        assert len(queries) >= 3
        for query in queries:
            assert engine.query("Events", query).rows == []
    finally:
        engine.close()


def test_the_deadlines_shown_are_those_of_the_code() -> None:
    rows = re.findall(
        r"^\| (\d+) s.*?\| ([\d.]+) s \| ([\d.]+) s \| ([\d.]+) s \|$", page_text("managed-ingestion.md"), re.MULTILINE
    )

    assert len(rows) == 3
    for total, *shown in ([float(cell) for cell in row] for row in rows):
        spool = min(RESERVE, SHARE * total)
        queue = min(QUEUE_RESERVE, QUEUE_SHARE * (total - spool))
        assert shown == pytest.approx([total - spool - queue, queue, spool])


def example_settings() -> dict[str, str]:
    values: dict[str, str] = json.loads(EXAMPLE.read_text(encoding="utf-8"))["Values"]
    return values


def test_the_example_settings_are_known_and_enough() -> None:
    secrets: set[str] = set()
    for route in shipped().values():
        webhook = route.get("webhook")
        if isinstance(webhook, dict):
            secrets |= {webhook["secret"]} if isinstance(webhook["secret"], str) else set(webhook["secret"])
    required = {row.name for row in SETTINGS if row.default is None}
    host = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
    known = {row.name for row in SETTINGS} | {LANDING_CONNECTION} | host | secrets

    assert set(example_settings()) <= known
    assert set(example_settings()) >= required | secrets | host | {LANDING_CONNECTION}


def test_the_application_starts_with_the_example_settings() -> None:
    application = start(example_settings(), ROOT)

    assert isinstance(application, Application), application.problems
