"""Asking the app whether it can work."""

from typing import Any

from local.http import get
from local.problems import LocalError


async def complaints(functions: str) -> tuple[str, ...]:
    """What `GET /api/health/ready` of the app at this URL finds wrong; empty when all is well."""
    url = f"{functions}/api/health/ready"
    try:
        reply = await get(url)
    except LocalError as error:
        return (str(error),)
    if reply.status == 200:  # noqa: PLR2004 - HTTP's OK
        return ()
    return tuple(_lines(reply.body)) or (f"{url} answers {reply.status}.",)


def _lines(body: Any) -> list[str]:
    checks = body.get("checks") if isinstance(body, dict) else None
    if not isinstance(checks, list):
        return [str(body)] if body else []
    failed = [check for check in checks if isinstance(check, dict) and check.get("status") == "failed"]
    return [f"{check.get('name')}: {check.get('advice')}" for check in failed]
