"""HTTP functions, through the host and the real worker."""

import io
import json
from collections.abc import AsyncIterator

import pytest

from tests.functional.host.support import Caller

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_function_sees_the_request_as_the_host_hands_it_over(basic: Caller) -> None:
    url = f"{basic.host.url}/api/echo/a%2Fb/7?x=1&empty=&x=2"
    headers = [("X-Twice", "A"), ("X-Twice", "B"), ("Content-Encoding", "gzip"), ("Content-Type", "text/csv")]
    async with basic.session.post(url, data=b"\x1f\x8braw", headers=headers) as answer:
        seen = json.loads(await answer.text())

        assert answer.status == 200
        assert answer.headers["X-Sample"] == "yes"
        assert answer.headers["Content-Type"] == "application/json"
    assert seen["method"] == "POST"
    assert seen["url"].endswith("/api/echo/a%2Fb/7?x=1&empty=&x=2")
    assert seen["params"] == {"x": "1,2"}
    assert seen["route"] == {"first": "a/b", "second": "7"}
    assert seen["headers"]["x-twice"] == "A,B"
    assert seen["body"].encode("latin-1") == b"\x1f\x8braw"
    assert len(seen["invocation"]) == 36


async def test_the_trace_of_the_caller_goes_on(basic: Caller) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    _, text = await basic.get("/api/echo/x", headers={"traceparent": parent})
    trace = json.loads(text)["trace"].split("-")

    assert trace[1] == "0af7651916cd43dd8448eb211c80319c"
    assert trace[2] != "b7ad6b7169203331"


async def test_a_chunked_body_is_lost_as_in_azure(basic: Caller) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"these bytes "
        yield b"never arrive"

    async with basic.session.post(f"{basic.host.url}/api/echo/x", data=chunks()) as answer:
        seen = json.loads(await answer.text())

    assert seen["body"] == ""
    assert seen["headers"]["transfer-encoding"] == "chunked"


async def test_a_large_body_arrives_after_the_client_was_told_to_continue(basic: Caller) -> None:
    body = b"0123456789" * 400_000
    async with basic.session.post(f"{basic.host.url}/api/echo/x", data=io.BytesIO(body), expect100=True) as answer:
        seen = json.loads(await answer.text())

    assert seen["body"].encode("latin-1") == body


async def test_a_text_is_answered_as_plain_text(basic: Caller) -> None:
    async with basic.session.get(f"{basic.host.url}/api/plain") as answer:
        assert (answer.status, await answer.text()) == (200, "just text")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_status_bytes_and_cookies_of_the_function_arrive(basic: Caller) -> None:
    async with basic.session.get(f"{basic.host.url}/api/teapot") as answer:
        assert answer.status == 418
        assert await answer.read() == b"\x00\x01"
        first, second = answer.headers.getall("Set-Cookie")

    assert first == "a=1; HttpOnly; Path=/; SameSite=Lax"
    assert second == "b=2; Max-Age=60; Path=/; Secure"


async def test_an_exception_is_500_without_a_body_and_logged_with_its_stack(basic: Caller) -> None:
    assert await basic.get("/api/raises") == (500, "")

    await basic.log("Executed 'Functions.raises' (Failed")
    await basic.log("RuntimeError: this function always raises")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/files/a/b/c", "a/b/c"),
        ("/api/files", "nothing"),
        ("/API/FILES/x%20y", "x y"),
        ("/api/plain/", "just text"),
    ],
)
async def test_paths_that_lead_to_a_function(basic: Caller, path: str, expected: str) -> None:
    assert await basic.get(path) == (200, expected)


@pytest.mark.parametrize("path", ["/api/nothing", "/plain", "/api/echo", "/api/echo/x/seven", "/api/echo/a/1/b"])
async def test_paths_that_lead_nowhere(basic: Caller, path: str) -> None:
    status, _ = await basic.get(path)

    assert status == 404


async def test_a_method_that_the_route_lacks_is_404_as_in_azure(basic: Caller) -> None:
    async with basic.session.put(f"{basic.host.url}/api/echo/x") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/api/keyed", None, 401),
        ("/api/keyed", "wrong", 401),
        ("/api/keyed", "function", 200),
        ("/api/keyed", "admin", 200),
        ("/api/master", None, 401),
        ("/api/master", "function", 401),
        ("/api/master", "admin", 200),
    ],
)
async def test_keys_open_what_they_should(basic: Caller, path: str, key: str | None, status: int) -> None:
    keys = {"function": basic.host.function_key, "admin": basic.host.admin_key, "wrong": "wrong"}
    by_query = {"params": {"code": keys[key]}} if key else {}
    by_header = {"headers": {"x-functions-key": keys[key]}} if key else {}

    assert (await basic.get(path, **by_query))[0] == status
    assert (await basic.get(path, **by_header))[0] == status


async def test_what_the_app_prints_goes_to_the_log_and_its_lines_carry_the_invocation(basic: Caller) -> None:
    await basic.get("/api/plain")
    log = await basic.log("plain called by GET")
    line = next(line for line in log.splitlines() if "plain called by GET" in line)
    invocation = line.split(" root ")[1].split(":")[0]

    await basic.log("printed by the app")
    await basic.log(f"Executed 'Functions.plain' (Succeeded, Id={invocation}")


async def test_the_home_page_answers(basic: Caller) -> None:
    status, text = await basic.get("/")

    assert status == 200
    assert "up and running" in text
