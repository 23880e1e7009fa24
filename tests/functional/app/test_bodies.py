"""Bodies posted to routes: each format becomes rows, once, at once."""

import gzip
import json

import pytest

from .conftest import App

_LINE = b'2018-01-26 00:00:00.0000000,2018-01-27 14:00:00.0000000,MEXICO,0,0,Unknown,"{}"'
_HEADER = b"StartTime,EndTime,State,DamageProperty,DamageCrops,Source,StormSummary\n"


def _event(number: int, mark: str) -> dict[str, object]:
    return {
        "id": f"{mark}-{number}",
        "source": "/tests",
        "type": mark,
        "time": "2026-01-01T00:00:00Z",
        "data": {"n": number, "big": 12345678901234567890},
    }


def test_a_csv_line_is_a_row(app: App) -> None:
    reply = app.request("ingest/storm-lines", _LINE.replace(b"MEXICO", b"LINE"), content_type="text/csv")

    assert reply.status == 200
    assert reply.body["outcome"] == "delivered"
    assert reply.body["mode"] == "streaming"
    assert reply.body["rows"] == {"received": 1, "ingested": 1, "rejected": 0}
    assert app.count("MyStormEvents", "State == 'LINE'") == 1


def test_a_header_row_is_not_ingested(app: App) -> None:
    before = app.count("MyStormEvents")
    body = _HEADER + _LINE.replace(b"MEXICO", b"HEADER") + b"\n" + _LINE.replace(b"MEXICO", b"HEADER") + b"\n"

    reply = app.request("ingest/storms", body, content_type="text/csv")

    assert reply.body["rows"]["ingested"] == 2
    assert app.count("MyStormEvents", "State == 'HEADER'") == 2
    assert app.count("MyStormEvents") == before + 2


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", ["object", "array", "pretty", "lines"])
def test_json_in_every_shape(app: App, shape: str, packed: bool) -> None:  # noqa: FBT001 - a parameter of the table
    mark = f"{shape}-{packed}"
    events = [_event(number, mark) for number in range(1 if shape == "object" else 3)]
    body = {
        "object": lambda: json.dumps(events[0]),
        "array": lambda: json.dumps(events),
        "pretty": lambda: json.dumps(events, indent=2),
        "lines": lambda: "\n".join(map(json.dumps, events)),
    }[shape]().encode()
    headers = {"content_type": "application/x-ndjson" if shape == "lines" else "application/json"}
    if packed:
        body, headers["content_encoding"] = gzip.compress(body), "gzip"

    reply = app.request("ingest/events", body, **headers)

    assert reply.status == 200
    assert reply.body["rows"]["ingested"] == len(events)
    rows = app.query(f"WebhookEvents | where Type == '{mark}' | project Id, big = tostring(Data.big) | sort by Id asc")
    assert [row["Id"] for row in rows] == [event["id"] for event in events]
    assert {row["big"] for row in rows} == {"12345678901234567890"}


def test_gzip_csv_without_a_header_that_says_so(app: App) -> None:
    body = gzip.compress(_LINE.replace(b"MEXICO", b"GZIP") + b"\n")

    assert app.request("ingest/storm-lines", body).status == 200
    assert app.count("MyStormEvents", "State == 'GZIP'") == 1


def test_a_body_over_4_mb_is_queued_and_its_rows_arrive(app: App) -> None:
    line = _LINE.replace(b"MEXICO", b"LARGE") + b"\n"
    rows = 4 * 1024 * 1024 // len(line) + 1

    reply = app.request("ingest/storms", _HEADER + line * rows, content_type="text/csv")

    assert reply.status == 202
    assert reply.body["outcome"] == "deferred"
    assert reply.body["mode"] == "queued"
    assert reply.body["reason"] == "over-streaming-size"
    app.until(rows, "MyStormEvents", "State == 'LARGE'")


def test_the_caller_names_a_table_that_the_route_allows(app: App) -> None:
    assert app.request("ingest/many/Sensor_1", b"1,a\n2,b\n").status == 200
    assert app.count("Sensor_1") == 2


def test_a_dry_run_ingests_nothing(app: App) -> None:
    before = app.count("MyStormEvents")

    reply = app.request("ingest/storm-lines?dryRun=true", _LINE)

    assert (reply.status, reply.body["dryRun"], reply.body["rows"]["received"]) == (200, True, 1)
    assert app.count("MyStormEvents") == before


def test_the_format_can_come_from_the_parameter(app: App) -> None:
    reply = app.request("ingest/free?format=psv", b"2018-01-26|2018-01-27|PIPES|0|0|x|{}\n")

    assert reply.status == 200
    assert app.count("MyStormEvents", "State == 'PIPES'") == 1
