"""Bad input on each entry: the right status, a problem that says what to do, and nothing ingested."""

import gzip
import socket
from urllib.parse import urlsplit

import pytest

from .conftest import App, Reply

_LINE = b"2018-01-26,2018-01-27,REFUSED,0,0,Unknown,{}\n"
_FIELDS = {"type", "title", "status", "detail", "instance", "code", "retryable"}


def _is_problem(reply: Reply, status: int, code: str) -> None:
    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert set(reply.body) >= _FIELDS
    assert (reply.body["status"], reply.body["code"]) == (status, code)
    assert len(reply.body["detail"]) > 20
    assert "REFUSED" not in str(reply.body)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "code"),
    [
        ("ingest/nope", _LINE, {}, 404, "route-not-found"),
        ("ingest/github", b"{}", {}, 404, "route-not-found"),
        ("ingest/many", _LINE, {}, 404, "route-not-found"),
        ("ingest/many/Secret", _LINE, {}, 404, "route-not-found"),
        ("ingest/storms/MyStormEvents", _LINE, {}, 404, "route-not-found"),
        ("ingest/storms", b"", {}, 400, "empty-body"),
        ("ingest/storms", b"only,a,header\n", {}, 400, "empty-body"),
        ("ingest/storm-lines", b'a,"REFUSED\n', {}, 400, "malformed-body"),
        ("ingest/storm-lines", b"\xff\xfeREFUSED", {}, 400, "malformed-body"),
        ("ingest/storms", b"\x1f\x8bbroken", {"content_encoding": "gzip"}, 400, "malformed-body"),
        ("ingest/storms", gzip.compress(_LINE, mtime=0)[:-5], {"content_encoding": "gzip"}, 400, "malformed-body"),
        ("ingest/storms", _LINE, {"content_encoding": "br"}, 415, "unsupported-media-type"),
        ("ingest/events", b'{"id": REFUSED}', {}, 400, "malformed-body"),
        ("ingest/events", b"[1, 2]", {}, 400, "malformed-body"),
        ("ingest/events", b"[]", {}, 400, "empty-body"),
        ("ingest/events", b"{}", {"content_type": "text/csv"}, 415, "unsupported-media-type"),
        ("ingest/free", _LINE, {}, 415, "unsupported-media-type"),
        ("ingest/storms?format=json", _LINE, {}, 400, "malformed-parameter"),
        ("ingest/storms?format=nope", _LINE, {}, 400, "malformed-parameter"),
        ("ingest/storms?mapping=Other", _LINE, {}, 400, "malformed-parameter"),
        ("ingest/storms?ignorefirstrecord=true", _LINE, {}, 400, "malformed-parameter"),
        ("ingest/storms?dryRun=perhaps", _LINE, {}, 400, "malformed-parameter"),
    ],
)
def test_a_bad_request_is_refused_whole(
    app: App, path: str, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    before = app.count("MyStormEvents"), app.count("WebhookEvents")

    _is_problem(app.request(path, body, method="POST", **headers), status, code)

    assert (app.count("MyStormEvents"), app.count("WebhookEvents")) == before


def test_a_body_over_the_limit_says_which_limit(app: App) -> None:
    reply = app.request("ingest/storm-lines", b"x" * (32 * 1024 * 1024 + 1))

    _is_problem(reply, 413, "too-large")
    assert reply.body["limit"] == {"name": "MAX_BODY_BYTES", "value": 33554432, "actual": 33554433}


def test_a_bomb_is_refused_by_its_raw_size(app: App) -> None:
    bomb = gzip.compress(b"0" * (65 * 1024 * 1024))

    reply = app.request("ingest/storm-lines", bomb, content_encoding="gzip")

    _is_problem(reply, 413, "too-large")
    assert reply.body["limit"]["name"] == "MAX_RAW_BYTES"


def test_a_chunked_body_that_the_host_dropped_is_not_taken_for_success(app: App) -> None:
    where = urlsplit(app.endpoints.functions)
    head = (
        f"POST /api/ingest/storm-lines HTTP/1.1\r\nHost: {where.netloc}\r\nTransfer-Encoding: chunked\r\n"
        f"x-functions-key: {app.endpoints.function_key}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as connection:
        connection.sendall(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(_LINE), _LINE))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 411")
    assert b"length-required" in answer


def test_without_a_key_the_host_refuses(app: App) -> None:
    assert app.request("ingest/storm-lines", _LINE, key=False).status == 401


def test_records_that_kusto_refuses_get_422(app: App) -> None:
    """`singlejson` is one record whatever it holds, so it is Kusto that finds out."""
    before = app.count("WebhookEvents")

    _is_problem(app.request("ingest/single", b"{REFUSED"), 422, "records-refused")

    assert app.count("WebhookEvents") == before


def test_a_table_without_streaming_policy_is_queued_and_its_rows_arrive(app: App) -> None:
    reply = app.request("ingest/quiet", b"1,a\n2,b\n")

    assert (reply.status, reply.body["mode"], reply.body["reason"]) == (202, "queued", "streaming-disabled")
    assert "Enable the streaming ingestion policy" in reply.body["detail"]
    app.until(2, "Quiet")


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_hook_without_handshake_takes_post_only(app: App, method: str) -> None:
    reply = app.request("hooks/github", method=method, key=False)

    _is_problem(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == "POST"
