"""What Kusto does not take is kept, followed, delivered by itself, or handed to the operator; and it comes once."""

from .conftest import App

_LINE = "2018-01-26,2018-01-27,{},0,0,Unknown,{{}}\n"


def test_a_missing_table_spools_and_heals(app: App) -> None:
    reply = app.request("ingest/later", b"1,late\n")

    assert (reply.status, reply.body["mode"]) == (202, "spooled")
    assert reply.body["reason"] == "destination-not-configured"
    assert "Create the table" in reply.body["detail"]
    assert app.request(reply.body["statusUrl"].removeprefix("/api/")).body["state"] == "spooled"

    app.command(".create table LaterTable (A:int, B:string)")
    app.command(".alter table LaterTable policy streamingingestion enable")
    app.until(1, "LaterTable", "B == 'late'", seconds=60)

    def state() -> bool:
        return bool(app.request(reply.body["statusUrl"].removeprefix("/api/")).body["state"] == "delivered")

    assert app.eventually(state)


def test_a_missing_mapping_spools(app: App) -> None:
    reply = app.request("ingest/unmapped", b'{"State": "x"}')

    assert (reply.status, reply.body["mode"]) == (202, "spooled")


def test_the_same_key_is_answered_with_the_first_outcome(app: App) -> None:
    body = _LINE.format("KEYED").encode()

    first = app.request("ingest/storm-lines", body, idempotency_key="key-1")
    second = app.request("ingest/storm-lines", body, idempotency_key="key-1")
    other = app.request("ingest/storm-lines", body + body, idempotency_key="key-1")

    assert (first.status, first.body["duplicate"]) == (200, False)
    assert (second.status, second.body["duplicate"]) == (200, True)
    assert second.body["operationId"] == first.body["operationId"]
    assert (other.status, other.body["code"]) == (422, "key-reused")
    assert app.count("MyStormEvents", "State == 'KEYED'") == 1
    assert app.request(f"operations/{first.body['operationId']}").body["state"] == "delivered"


def test_a_redelivered_webhook_is_one_event(app: App) -> None:
    assert app.github(b'{"zen": "once"}', delivery="redelivered").body["duplicate"] is False
    assert app.github(b'{"zen": "once"}', delivery="redelivered").body["duplicate"] is True
    assert app.count("WebhookEvents", "Id == 'redelivered'") == 1


def test_an_answer_at_once_is_followed_to_its_end(app: App) -> None:
    reply = app.request("ingest/storm-lines", _LINE.format("ASYNC").encode(), prefer="respond-async")

    assert (reply.status, reply.body["mode"], reply.body["reason"]) == (202, "spooled", "asked-for")
    app.until(1, "MyStormEvents", "State == 'ASYNC'")


def test_a_refused_key_may_come_again(app: App) -> None:
    assert app.request("ingest/single", b"{broken", idempotency_key="key-2").status == 422
    good = b'{"id": "single", "source": "/t", "type": "single", "time": "2026-01-01", "data": {}}'
    assert app.request("ingest/single", good, idempotency_key="key-2").status == 200


def test_an_unknown_operation_or_letter_is_404(app: App) -> None:
    assert app.request("operations/6f1c1a52-0a4e-5b7e-9a0b-3d8f0f6f7a11").status == 404
    assert app.request("operations/nonsense").status == 404
    assert app.admin("deadletters/no~such~letter").status == 404
    assert app.request("deadletters").status == 401


def test_a_tagged_source_is_taken_once_by_the_cluster(app: App) -> None:
    line = _LINE.format("TAGGED").encode()

    assert app.request("ingest/tagged", line).body["reason"] == "route-is-queued"
    app.until(1, "MyStormEvents", "State == 'TAGGED'")

    extents = app.command(".show table MyStormEvents extents")
    tags = [tag for extent in extents for tag in str(extent["Tags"]).split()]
    assert "drop-by:test" in tags
    assert any(tag.startswith("ingest-by:") for tag in tags)


def test_a_broken_line_is_set_aside_and_its_neighbours_ingested(app: App) -> None:
    good = b'{"id": "q-%d", "source": "/t", "type": "quarantine", "time": "2026-01-01", "data": {}}'
    body = b"\n".join([good % 1, b'broken: "q-2"', good % 3])

    assert app.request("ingest/events", body).status == 400
    reply = app.request("ingest/events?onError=quarantine", body)

    assert reply.status == 200
    assert reply.body["rows"] == {"received": 3, "ingested": 2, "rejected": 1}
    assert [(error["index"], error["line"], error["code"]) for error in reply.body["errors"]] == [
        (1, 2, "malformed-json")
    ]
    assert app.count("WebhookEvents", "Type == 'quarantine'") == 2
    (letter,) = app.letters(route="events", reason="malformed-json")
    assert app.admin(f"deadletters/{letter['id']}/body").body == 'broken: "q-2"'
