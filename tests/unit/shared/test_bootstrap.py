"""The start: a whole application, or one that says everything that is wrong and takes nothing."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bootstrap import Application, Misconfigured, start
from shared.http.api import HttpReply
from shared.http.call import HttpCall
from shared.settings import SETTINGS
from tests.fakes import FakeClock

ROOT = Path(__file__).parents[3]
ENV = {
    "KUSTO_CLUSTER_URI": "http://127.0.0.1:1",
    "KUSTO_DATABASE": "Events",
    "LANDING": "UseDevelopmentStorage=true",
    "GITHUB_WEBHOOK_SECRET": "s3cret",
}


def call(method: str = "POST", route: str = "storms", **query: str) -> HttpCall:
    return HttpCall(
        operation_id=UUID(int=1), method=method, route=route, table=None, headers={}, query=query, body=b"h\na\n"
    )


def body_of(reply: HttpReply) -> dict[str, object]:
    found: dict[str, object] = json.loads(reply.body)
    return found


def wrong(env: dict[str, str], folder: Path = ROOT) -> Misconfigured:
    found = start(env, folder, FakeClock())
    assert isinstance(found, Misconfigured)
    return found


def test_the_shipped_application_starts() -> None:
    found = start(ENV, ROOT, FakeClock())
    assert isinstance(found, Application)
    assert [route.name for route in found.routes] == ["storms", "storm-lines", "events", "github"]


async def test_it_answers_without_a_cluster() -> None:
    application = start(ENV, ROOT, FakeClock())
    reply = await application.ingest(call(dryRun="true"))
    assert (reply.status, body_of(reply)["dryRun"]) == (200, True)
    assert (await application.ingest(call(route="none"))).status == 404


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "PUT"])
async def test_a_webhook_takes_post_only(method: str) -> None:
    reply = await start(ENV, ROOT, FakeClock()).hook(call(method, route="github"))
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")


async def test_everything_that_is_wrong_is_listed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    found = wrong({"KUSTO_AUTH": "password", "MAX_BODY_BYTES": "0"})
    reply = await found.ready()
    text = reply.body.decode()
    assert reply.status == 503
    for words in (
        "KUSTO_CLUSTER_URI",
        "KUSTO_AUTH",
        "MAX_BODY_BYTES",
        "LANDING__blobServiceUri",
        "KUSTO_DATABASE",
        "GITHUB_WEBHOOK_SECRET",
    ):
        assert words in text
        assert words in caplog.text


async def test_a_misconfigured_application_takes_nothing() -> None:
    found = wrong({})
    for reply in (
        await found.ingest(call()),
        await found.hook(call()),
        await found.letters(call()),
        await found.operation("x", UUID(int=1)),
    ):
        assert (reply.status, body_of(reply)["code"]) == (503, "misconfigured")
        assert reply.headers["Retry-After"]
    assert not hasattr(found, "blob")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"[routes.a", b""])
def test_a_route_file_that_cannot_be_used(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "routes.toml").write_bytes(content)
    (problem,) = wrong(ENV, tmp_path).problems
    assert "outes" in problem


def test_another_route_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[routes.r]\ntable = "T"\n')
    found = start(ENV | {"ROUTES_FILE": "mine.toml"}, tmp_path, FakeClock())
    assert isinstance(found, Application)
    assert "mine.toml" in wrong(ENV | {"ROUTES_FILE": "other/mine.toml"}, tmp_path).problems[0]


@pytest.mark.parametrize("secret", ["", " "])
def test_a_webhook_without_a_secret_stops_the_whole_application(secret: str) -> None:
    (problem,) = wrong(ENV | {"GITHUB_WEBHOOK_SECRET": secret}).problems
    assert "GITHUB_WEBHOOK_SECRET" in problem


_env = st.dictionaries(
    st.sampled_from(
        [row.name for row in SETTINGS if row.name != "ROUTES_FILE"]
        + ["LANDING", "LANDING__blobServiceUri", "GITHUB_WEBHOOK_SECRET"]
    ),
    st.one_of(st.text(max_size=10), st.sampled_from(["https://[", "http://127.0.0.1", "whsec_é", "none", "1"])),
)


@given(changes=_env)
def test_whatever_the_environment_the_application_starts(changes: dict[str, str]) -> None:
    # An exception here would leave the host with no functions, and the operator with nothing to read.
    assert isinstance(start(ENV | changes, ROOT, FakeClock()), Application | Misconfigured)
    assert isinstance(start(changes, ROOT, FakeClock()), Application | Misconfigured)


def test_problems_show_no_secret() -> None:
    secrets = {"KUSTO_CLUSTER_URI": "https://u:s3cret@c", "KUSTO_BLOB_ACCESS": "s3cret", "KUSTO_AUTH": "s3cret"}
    assert "s3cret" not in " ".join(wrong(ENV | secrets).problems)
