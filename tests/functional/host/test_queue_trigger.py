"""Queue functions."""

import uuid

import pytest

from tests.functional.host.support import Caller, Storage, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_entry_reaches_the_function_with_its_metadata(basic: Caller, account: Storage) -> None:
    text = f"work {uuid.uuid4()} ü"
    await account.send(basic.work_queue, text)
    seen = await eventually(lambda: account.trace(f"queue/{text}"))

    assert seen["body"] == text
    assert seen["dequeueCount"] == 1
    assert seen["inserted"].endswith("+00:00")
    assert seen["expires"] > seen["inserted"]
    assert len(seen["id"]) == 36


async def test_a_failing_entry_goes_to_the_poison_queue_after_five_tries(basic: Caller, account: Storage) -> None:
    text = f"poison {uuid.uuid4()}"
    await account.send(basic.work_queue, text)

    assert await eventually(lambda: account.poisoned(f"{basic.work_queue}-poison", text)) == text
    log = await basic.log(f"'{basic.work_queue}', try 5'")
    assert [f"'{basic.work_queue}', try {number}'" in log for number in (1, 5, 6)] == [True, True, False]


async def test_a_text_that_is_not_base64_is_poisoned_without_a_call(basic: Caller, account: Storage) -> None:
    await account.send(basic.work_queue, "first, so that the queue exists")
    await account.queues.get_queue_client(basic.work_queue).send_message("{plain}")

    async def poisoned() -> str | None:
        entries = await account.queues.get_queue_client(f"{basic.work_queue}-poison").peek_messages(32)
        return next((entry.content for entry in entries if entry.content == "{plain}"), None)

    assert await eventually(poisoned) == "{plain}"
