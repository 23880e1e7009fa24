"""The ledger: one receipt per piece of work that carries a key, so that a retry is recognised and a deferral followed.

A receipt is a small blob, created on condition that there is none: that is atomic everywhere. A lifecycle rule of the
container forgets receipts; within that time the same key is answered with the first outcome.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from shared.storage.containers import AlreadyThereError, Container

_NAMESPACE = UUID("5b0a5a4e-7c0e-5f6c-9d52-27b1b5b7f4c2")


class State(StrEnum):
    """How far a piece of work is."""

    IN_PROGRESS = "in-progress"
    DELIVERED = "delivered"
    QUEUED = "queued"  # Kusto's batching manager has it
    SPOOLED = "spooled"  # our spool has it
    REJECTED = "rejected"  # dead-lettered after it had been accepted
    UNKNOWN = "unknown"  # the deadline passed; the rows may be there

    @property
    def answers(self) -> bool:
        """Whether a repetition is answered with it, rather than ingested."""
        return self not in {State.IN_PROGRESS, State.UNKNOWN}


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What became of a piece of work. Times are seconds since 1970."""

    id: UUID
    route: str
    state: State
    body_hash: str = ""
    expires: float = 0.0  # of an in-progress one: after it, its invocation is dead
    created: float = 0.0
    updated: float = 0.0
    rows: int | None = None
    raw_size: int | None = None
    attempts: int = 0
    reason: str = ""
    maybe_duplicate: bool = False
    via: str = ""  # the spooled payload or dead letter that it went into


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do a piece of work. `doubtful`: an earlier try may have been committed."""

    receipt: Receipt
    etag: str
    doubtful: bool = False


class Ledger:
    """Receipts by operation id."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def begin(self, receipt: Receipt, *, now: float) -> Claim | Receipt:
        """Claim a piece of work, or get the receipt of the one who has it (or had it).

        Raises:
            Exception: the storage SDK's, when the ledger cannot be reached.
        """
        name = str(receipt.id)
        try:
            etag = await self._container.create(name, msgspec.json.encode(receipt))
        except AlreadyThereError:
            entry = await self._container.get(name)
            if entry is None:  # deleted between the two calls: whoever had it has given it back
                return await self.begin(receipt, now=now)
            found = msgspec.json.decode(entry.content, type=Receipt)
            if found.state.answers or (found.state is State.IN_PROGRESS and now < found.expires):
                return found
            if found.body_hash != receipt.body_hash:
                return found
            return await self._take_over(receipt, entry.etag, found)
        return Claim(receipt=receipt, etag=etag)

    async def _take_over(self, receipt: Receipt, etag: str, found: Receipt) -> Claim | Receipt:
        """The work of an invocation that died, or did not learn its outcome."""
        try:
            etag = await self._container.replace(str(receipt.id), msgspec.json.encode(receipt), etag)
        except AlreadyThereError:
            return found
        return Claim(receipt=receipt, etag=etag, doubtful=True)

    async def finish(self, receipt: Receipt) -> None:
        """Write an outcome down."""
        await self._container.put(str(receipt.id), msgspec.json.encode(receipt))

    async def give_back(self, claim: Claim) -> None:
        """Forget a claim whose work was refused: the same key may come again."""
        await self._container.delete(str(claim.receipt.id))

    async def find(self, operation: UUID) -> Receipt | None:
        """A receipt, or None."""
        entry = await self._container.get(str(operation))
        return msgspec.json.decode(entry.content, type=Receipt) if entry else None


def operation_id(route: str, key: str) -> UUID:
    """The operation that a key names: the same for every repetition."""
    return uuid5(_NAMESPACE, f"{route}\n{key}")


def body_hash(body: bytes) -> str:
    """A fingerprint of a body, to tell a repetition from a key that is used twice."""
    return hashlib.sha256(body).hexdigest()
