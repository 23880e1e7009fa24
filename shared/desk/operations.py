"""What became of a piece of work: its receipt, followed through the spool."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.storage.ledger import Ledger, Receipt, State


class Operations:
    """`GET /api/operations/{id}`."""

    def __init__(self, ledger: Ledger, failure: Callable[[str], Awaitable[str | None]]) -> None:
        self._ledger = ledger
        self._failure = failure  # Kusto's reason for which a queued source failed, or None

    async def find(self, operation: UUID) -> dict[str, Any] | None:
        """The operation as JSON, or None where no receipt is kept."""
        receipt = await self._ledger.find(operation)
        if receipt is None:
            return None
        final = await self._followed(receipt)
        body = _body(receipt, final)
        if final.state is State.QUEUED:
            reason = await self._failure(final.via or str(final.id))
            if reason:
                body |= {"state": "failed", "reason": reason, "final": True}
        return body

    async def _followed(self, receipt: Receipt) -> Receipt:
        """A spooled payload may hold the records of many requests; its own receipt tells their end."""
        if receipt.state is not State.SPOOLED or not receipt.via:
            return receipt
        try:
            spooled = UUID(receipt.via.rpartition("/")[2])
        except ValueError:
            return receipt
        return (await self._ledger.find(spooled) or receipt) if spooled != receipt.id else receipt


def _body(receipt: Receipt, final: Receipt) -> dict[str, Any]:
    return {
        "operationId": str(receipt.id),
        "route": receipt.route,
        "state": final.state.value,
        "final": final.state in {State.DELIVERED, State.REJECTED},
        "reason": final.reason or None,
        "rows": receipt.rows,
        "bytes": receipt.raw_size,
        "attempts": max(receipt.attempts, final.attempts),
        "maybeDuplicate": receipt.maybe_duplicate or final.maybe_duplicate,
        "created": _iso(receipt.created),
        "updated": _iso(final.updated),
    }


def _iso(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z") if seconds else None
