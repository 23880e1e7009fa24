"""One HTTP request to the app, and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from local.problems import LocalError

_SECONDS = 240.0  # Azure's own limit for an answer is 230 s


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `body` is parsed JSON where it is JSON, otherwise text."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: Any


async def post(url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """POST a body.

    Raises:
        LocalError: Nobody answered.
    """
    return await _request("POST", url, body, headers)


async def get(url: str) -> Reply:
    """GET.

    Raises:
        LocalError: Nobody answered.
    """
    return await _request("GET", url, None, {})


async def _request(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(method, url, data=body, headers=headers) as answer,
        ):
            text = await answer.text()
            return Reply(
                status=answer.status, reason=answer.reason or "", headers=dict(answer.headers), body=_parsed(text)
            )
    except (aiohttp.ClientError, TimeoutError) as error:
        raise LocalError(f"{url} did not answer ({type(error).__name__}). Is ./dev up running?") from error


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
