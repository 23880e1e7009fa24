"""Files dropped into the landing container become rows; what cannot be ingested stays where an operator finds it."""

import base64
import contextlib
import gzip
import json

from azure.core.exceptions import ResourceExistsError

from .conftest import App

_HEADER = "StartTime,EndTime,State,DamageProperty,DamageCrops,Source,StormSummary\n"


def _csv(mark: str, rows: int) -> bytes:
    line = f"2018-01-26 00:00:00,2018-01-27 14:00:00,{mark},1,2,Trained Spotter,{{}}\n"
    return (_HEADER + line * rows).encode()


def test_a_csv_file_with_a_header(app: App) -> None:
    app.put("storms/2026/a file+ü.csv", _csv("BLOB", 10))
    app.until(10, "MyStormEvents", "State == 'BLOB'")


def test_a_gzip_file(app: App) -> None:
    app.put("storms/b.csv.gz", gzip.compress(_csv("BLOBGZ", 10)))
    app.until(10, "MyStormEvents", "State == 'BLOBGZ'")


def test_a_json_array_and_json_lines(app: App) -> None:
    events = [{"id": f"blob-{n}", "source": "/t", "type": "blob", "time": "2026-01-01", "data": {}} for n in range(4)]
    app.put("events/a.json", json.dumps(events, indent=1).encode())
    app.put("events/b.jsonl.gz", gzip.compress("\n".join(map(json.dumps, events)).encode()))
    app.until(8, "WebhookEvents", "Type == 'blob'")


def test_a_large_file_is_queued_by_reference_and_its_header_skipped(app: App) -> None:
    app.put("storms/large.csv", _csv("BLOBLARGE", 80_000))
    app.until(80_000, "MyStormEvents", "State == 'BLOBLARGE'", seconds=60)
    assert app.count("MyStormEvents", "isnull(StartTime)") == 0


def test_a_small_gzip_file_that_is_large_inside_is_queued(app: App) -> None:
    app.put("storms/dense.csv.gz", gzip.compress(_csv("BLOBDENSE", 80_000)))
    app.until(80_000, "MyStormEvents", "State == 'BLOBDENSE'", seconds=60)


def test_the_path_names_the_table(app: App) -> None:
    app.put("many/Sensor_2/a.csv", b"1,x\n")
    app.until(1, "Sensor_2")


def test_a_blob_without_a_route_is_left_alone(app: App) -> None:
    app.put("elsewhere/readme.txt", b"hello")
    app.put("storms/empty.csv", b"")
    app.put("storms/after.csv", _csv("AFTER", 1))
    app.until(1, "MyStormEvents", "State == 'AFTER'")


def test_a_broken_file_becomes_a_dead_letter(app: App) -> None:
    broken = gzip.compress(_csv("BROKEN", 10))[:-8]
    app.put("storms/broken.csv.gz", broken)

    (letter,) = app.eventually(lambda: app.letters(route="storms", reason="malformed-body"))

    found = app.admin(f"deadletters/{letter['id']}").body
    assert (found["blob"], found["bytes"]) == ("landing/storms/broken.csv.gz", len(broken))
    assert app.count("MyStormEvents", "State == 'BROKEN'") == 0

    app.put("storms/broken.csv.gz", gzip.compress(_csv("BROKEN", 10)))
    app.until(10, "MyStormEvents", "State == 'BROKEN'")
    assert app.admin(f"deadletters/{letter['id']}", method="DELETE").status == 204


def test_the_same_blob_announced_again_is_ingested_once(app: App) -> None:
    app.put("storms/again.csv", _csv("AGAIN", 3))
    app.until(3, "MyStormEvents", "State == 'AGAIN'")

    app.announce("storms/again.csv")
    app.put("storms/behind.csv", _csv("BEHIND", 1))
    app.until(1, "MyStormEvents", "State == 'BEHIND'")

    assert app.count("MyStormEvents", "State == 'AGAIN'") == 3


def test_a_blob_that_the_host_gave_up_on_becomes_a_dead_letter(app: App) -> None:
    message = {"Type": "BlobTrigger", "ContainerName": "landing", "BlobName": "storms/gone.csv", "ETag": '"x"'}
    queue = app.queues.get_queue_client("webjobs-blobtrigger-poison")
    with contextlib.suppress(ResourceExistsError):
        queue.create_queue()
    queue.send_message(base64.b64encode(json.dumps(message).encode()).decode())

    (letter,) = app.eventually(lambda: app.letters(route="storms", reason="internal"))

    assert app.admin(f"deadletters/{letter['id']}").body["blob"] == "landing/storms/gone.csv"
