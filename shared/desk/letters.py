"""Dead letters, as an operator handles them: list, look, read the raw bytes, replay, delete."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from shared.deadline import Clock, Deadline
from shared.ingest.coalescer import Ingests
from shared.outcome import Code, Outcome, Problem, Rejected
from shared.payload import BlobName
from shared.pipelines.recognition import Identity, Recognition
from shared.storage.deadletters import DeadLetters, Listed
from shared.storage.held import Held

#: Seconds that a replay may take.
DEADLINE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of the replay of one letter; `outcome` is None where there was nothing left to do."""

    operation: UUID
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which letters: of one route or all (empty), with one reason or any, from a cursor on."""

    route: str = ""
    reason: str = ""
    cursor: str | None = None


_GONE = Rejected(
    problem=Problem(
        code=Code.NOT_FOUND,
        detail="The blob has left the landing container. Its bytes are in the letter: put them back, or delete it.",
    ),
    attempts=0,
)


class Letters:
    """The operator's desk."""

    def __init__(
        self,
        letters: DeadLetters,
        ingestion: Ingests,
        recognition: Recognition,
        blob: Callable[[BlobName], Awaitable[Outcome | None]],
        clock: Clock,
    ) -> None:
        self._letters = letters
        self._ingestion = ingestion
        self._recognition = recognition
        self._blob = blob
        self._clock = clock

    async def page(self, wanted: Filter) -> dict[str, Any]:
        """A page of the list."""
        listed, following = await self._page(wanted)
        rows = [{"id": row.id, "route": row.route, "reason": row.reason, "created": row.created} for row in listed]
        return {"deadLetters": rows, "cursor": following}

    async def look(self, letter: str) -> dict[str, Any] | None:
        """The envelope of a letter, or None."""
        held = await self._letters.open(letter)
        if held is None:
            return None
        envelope: dict[str, Any] = msgspec.to_builtins(held.envelope)
        created = datetime.fromtimestamp(held.envelope.created, UTC).isoformat()
        return envelope | {"id": letter, "operationId": envelope["id"], "created": created, "bytes": len(held.content)}

    async def body(self, letter: str) -> bytes | None:
        """The raw bytes of a letter, or None; empty for a blob, whose bytes stay in the landing container."""
        held = await self._letters.open(letter)
        return None if held is None else held.content

    async def delete(self, letter: str) -> bool:
        """Delete a letter; False when it was not there."""
        return await self._letters.delete(letter)

    async def replay(self, letter: str) -> Replay | None:
        """Take a letter's records to Kusto again; the letter goes when they are held. None: there is no such letter.

        A letter that is refused again stays as it is: envelopes are never put into envelopes.
        """
        held = await self._letters.open(letter)
        if held is None:
            return None
        outcome = await self._again(held)
        if not isinstance(outcome, Rejected):
            await self._letters.delete(letter)
        return Replay(operation=held.envelope.id, outcome=outcome)

    async def replay_all(self, wanted: Filter) -> dict[str, Any]:
        """Replay a page of letters; call it with the cursor until there is none."""
        listed, following = await self._page(wanted)
        done = [(row.id, await self.replay(row.id)) for row in listed]
        refused = [name for name, replay in done if replay is not None and isinstance(replay.outcome, Rejected)]
        return {"replayed": len(done) - len(refused), "refused": refused, "cursor": following}

    async def _page(self, wanted: Filter) -> tuple[tuple[Listed, ...], str | None]:
        return await self._letters.page(route=wanted.route, reason=wanted.reason, cursor=wanted.cursor)

    async def _again(self, held: Held) -> Outcome | None:
        blob = held.blob
        if blob is not None:
            outcome = await self._blob(blob)
            return _GONE if outcome is None and held.content else outcome
        payload = held.payload()
        identity = Identity(operation=payload.source_id, route=payload.route, body_hash="", keyed=False)

        async def work() -> Outcome:
            return await self._ingestion.ingest(payload, Deadline.after(self._clock, DEADLINE))

        # Without a key: a replay is always done, and a deferral can be followed.
        return (await self._recognition.once(identity, DEADLINE, work)).outcome
