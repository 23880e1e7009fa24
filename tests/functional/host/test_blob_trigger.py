"""Blob functions: event in at the webhook, function called through the host's queue."""

import json
import uuid

import pytest

from tests.functional.host.support import Caller, Storage, blob_event, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_function_of_bytes_gets_content_and_metadata(basic: Caller, account: Storage) -> None:
    name = f"{uuid.uuid4()}/with space ü.txt"
    url = await account.put(name, b"the content")

    assert await basic.post_events("blob_bytes", [blob_event(url)]) == (202, "")
    seen = await eventually(lambda: account.trace(f"bytes/landing/{name}"))
    assert seen == {"name": f"landing/{name}", "uri": url, "length": 11, "body": "the content"}


async def test_a_function_of_a_blob_client_gets_a_client_of_its_connection(basic: Caller, account: Storage) -> None:
    name = f"{uuid.uuid4()}.csv"
    url = await account.put(name, b"a,b")

    assert await basic.post_events("blob_client", blob_event(url)) == (202, "")
    seen = await eventually(lambda: account.trace(f"client/{name}"))
    assert seen == {"container": "landing", "url": url}


async def test_every_event_of_one_request_is_delivered(basic: Caller, account: Storage) -> None:
    names = [f"{uuid.uuid4()}.txt" for _ in range(40)]
    events = [blob_event(await account.put(name, b"x")) for name in names]

    assert (await basic.post_events("blob_client", events))[0] == 202
    for name in names:
        await eventually(lambda name=name: account.trace(f"client/{name}"))


async def test_a_failing_blob_is_tried_five_times_and_then_poisoned(basic: Caller, account: Storage) -> None:
    name = f"{uuid.uuid4()}.bad"
    url = await account.put(name, b"poison")
    await basic.post_events("blob_bytes", [blob_event(url)])
    text = await eventually(lambda: account.poisoned("webjobs-blobtrigger-poison", name))

    assert json.loads(text) == {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.blob_bytes",
        "BlobType": "BlockBlob",
        "ContainerName": "landing",
        "BlobName": name,
        "ETag": '"0x8D4BCC2E4835CD0"',
    }
    log = await basic.log(f"try 5: landing/{name}'")
    assert log.count(f": landing/{name}'") == 5


async def test_a_blob_that_is_gone_is_success(basic: Caller, account: Storage) -> None:
    name = f"{uuid.uuid4()}.gone"
    url = await account.put(name, b"x")
    await account.blobs.get_blob_client("landing", name).delete_blob()
    await basic.post_events("blob_bytes", [blob_event(url)])

    await basic.log(f"Blob landing/{name} is gone")
    assert await account.poisoned("webjobs-blobtrigger-poison", name) is None


async def test_event_grid_is_shaken_hands_with(basic: Caller) -> None:
    event = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "512d38b6"}}
    status, text = await basic.post_events("blob_bytes", [event], kind="SubscriptionValidation")

    assert (status, json.loads(text)) == (200, {"validationResponse": "512d38b6"})


@pytest.mark.parametrize(
    ("function", "body", "kind", "code", "status", "says"),
    [
        ("blob_bytes", [], "Notification", "wrong", 401, ""),
        ("no_such", [], "Notification", None, 404, "cannot find function: 'Host.Functions.no_such'"),
        ("queued", [], "Notification", None, 404, "cannot find function"),
        ("blob_bytes", [], None, None, 400, "aeg-event-type"),
        ("blob_bytes", [{"data": {}}], "Notification", None, 400, "data.url"),
        ("blob_bytes", ["text"], "Notification", None, 400, "data.url"),
        ("blob_bytes", [{}], "SubscriptionValidation", None, 400, "validationCode"),
    ],
)
async def test_posts_that_are_refused(
    basic: Caller, function: str, body: object, kind: str | None, code: str | None, status: int, says: str
) -> None:
    answered, text = await basic.post_events(function, body, kind=kind, code=code)

    assert answered == status
    assert says in text


async def test_an_entry_that_the_host_cannot_read_is_poisoned_at_once(basic: Caller, account: Storage) -> None:
    await basic.post_events("blob_bytes", [blob_event(await account.put("any", b"x"))])
    names = [entry.name async for entry in account.queues.list_queues(name_starts_with=basic.host_queue)]
    await account.queues.get_queue_client(names[0]).send_message("bm90IGpzb24=")

    assert await eventually(lambda: account.poisoned("webjobs-blobtrigger-poison", "not json")) == "not json"
