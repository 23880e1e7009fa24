"""Recognition: is this piece of work new, in progress, or done? Per request, before anything is gathered.

Where the ledger cannot be reached, work is done all the same and its outcome says `maybeDuplicate`: a duplicate can be
removed by its id, a lost event cannot be brought back.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from shared.deadline import Clock
from shared.outcome import Code, Deferred, Delivered, Mode, Outcome, Problem, Rejected
from shared.storage.ledger import Claim, Ledger, Receipt, State

_LOG = logging.getLogger(__name__)

#: Seconds beyond its deadline after which an in-progress receipt belongs to a dead invocation.
GRACE = 30.0
#: Seconds after which the sender of a repetition may ask again.
_BUSY = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """An outcome, and whether it is an earlier one."""

    outcome: Outcome | None  # None: nothing was to be done
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a piece of work is known by. `keyed`: a repetition is to be recognised, not only followed."""

    operation: UUID
    route: str
    body_hash: str
    keyed: bool


class Recognition:
    """The ledger in front of a piece of work."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def once(self, identity: Identity, seconds: float, work: Callable[[], Awaitable[Outcome]]) -> Recognised:
        """Do the work unless it is done already; `seconds`: the time that it may take."""
        if not identity.keyed:
            return await self.followed(identity, await work())
        claim = await self._begin(identity, seconds)
        if isinstance(claim, Receipt):
            return _repeated(claim, identity)
        return Recognised(outcome=await self._claimed(identity, claim, work))

    async def followed(self, identity: Identity, outcome: Outcome) -> Recognised:
        """Work without a key is never recognised, but a deferral can be followed."""
        if isinstance(outcome, Deferred):
            await self._note(self._receipt(identity, outcome))
        return Recognised(outcome=outcome)

    async def _begin(self, identity: Identity, seconds: float) -> Claim | Receipt | None:
        now = self._clock.now()
        receipt = Receipt(
            id=identity.operation,
            route=identity.route,
            state=State.IN_PROGRESS,
            body_hash=identity.body_hash,
            expires=now + seconds + GRACE,
            created=now,
            updated=now,
        )
        try:
            return await self._ledger.begin(receipt, now=now)
        except Exception as error:  # noqa: BLE001 - see the module's docstring
            _LOG.warning("ledger cannot be reached: %s", type(error).__name__)
            return None

    async def _claimed(
        self, identity: Identity, claim: Claim | None, work: Callable[[], Awaitable[Outcome]]
    ) -> Outcome:
        outcome = await work()
        doubtful = claim is None or claim.doubtful
        match outcome:
            case Delivered() | Deferred():
                outcome = replace(outcome, maybe_duplicate=outcome.maybe_duplicate or doubtful)
                await self._note(self._receipt(identity, outcome))
            case Rejected(problem=problem):
                unsure = problem.maybe_committed or doubtful
                if problem.code is Code.OUTCOME_UNKNOWN or unsure:
                    await self._note(self._receipt(identity, outcome))
                elif claim is not None:
                    await self._give_back(claim)
        return outcome

    async def _note(self, receipt: Receipt) -> None:
        """Write an outcome down. It is true whether or not this succeeds, so a failure is no reason to take it back."""
        try:
            await self._ledger.finish(receipt)
        except Exception as error:  # noqa: BLE001 - see above
            _LOG.warning("receipt %s could not be written: %s", receipt.id, type(error).__name__)

    async def _give_back(self, claim: Claim) -> None:
        try:
            await self._ledger.give_back(claim)
        except Exception as error:  # noqa: BLE001 - the claim expires by itself
            _LOG.warning("receipt %s could not be given back: %s", claim.receipt.id, type(error).__name__)

    def _receipt(self, identity: Identity, outcome: Outcome) -> Receipt:
        now = self._clock.now()
        return with_outcome(
            Receipt(
                id=identity.operation,
                route=identity.route,
                state=State.UNKNOWN,
                body_hash=identity.body_hash,
                created=now,
                updated=now,
            ),
            outcome,
        )


def with_outcome(receipt: Receipt, outcome: Outcome, *, rejected: State = State.UNKNOWN) -> Receipt:
    """The receipt with an outcome written into it; `rejected`: the state that a refusal means here."""
    match outcome:
        case Delivered():
            state, reason, via = State.DELIVERED, "", ""
        case Deferred():
            state = State.SPOOLED if outcome.mode is Mode.SPOOLED else State.QUEUED
            reason, via = outcome.reason, outcome.via
        case Rejected():
            problem = outcome.problem
            return msgspec.structs.replace(
                receipt, state=rejected, reason=problem.code.value, attempts=outcome.attempts
            )
    return msgspec.structs.replace(
        receipt,
        state=state,
        reason=reason,
        via=via,
        rows=outcome.rows,
        raw_size=outcome.raw_size,
        attempts=outcome.attempts,
        maybe_duplicate=outcome.maybe_duplicate,
    )


def _repeated(receipt: Receipt, identity: Identity) -> Recognised:
    """The answer to a repetition: the first outcome."""
    if receipt.body_hash != identity.body_hash:
        detail = "This key was used for another body. Give every piece of work a key of its own."
        return Recognised(outcome=Rejected(problem=Problem(code=Code.KEY_REUSED, detail=detail), attempts=0))
    match receipt.state:
        case State.IN_PROGRESS | State.UNKNOWN:
            detail = "The first request with this key is not finished. Send it again later, with the same key."
            problem = Problem(code=Code.IN_PROGRESS, detail=detail, retry_after=_BUSY)
            return Recognised(outcome=Rejected(problem=problem, attempts=0))
        case State.DELIVERED:
            delivered = Delivered(rows=receipt.rows, raw_size=receipt.raw_size or 0, attempts=receipt.attempts)
            return Recognised(outcome=replace(delivered, maybe_duplicate=receipt.maybe_duplicate), duplicate=True)
        case State.QUEUED | State.SPOOLED | State.REJECTED:
            # A rejected one was accepted first (202) and dead-lettered later: its status URL tells the end.
            deferred = Deferred(
                mode=Mode.QUEUED if receipt.state is State.QUEUED else Mode.SPOOLED,
                reason=receipt.reason,
                rows=receipt.rows,
                raw_size=receipt.raw_size,
                attempts=receipt.attempts,
                maybe_duplicate=receipt.maybe_duplicate,
                via=receipt.via,
            )
            return Recognised(outcome=deferred, duplicate=True)
