"""The stages in order, for requests over HTTP. No logic of its own beyond the order.

size → (signature) → decompress → route → frame → recognise → ingest. The sender and the size are settled before a byte
of the body is parsed, and the whole body is framed before anything is ingested.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from shared.accounting import Accounting
from shared.deadline import Clock, Deadline
from shared.framing.body import raw_body
from shared.framing.offload import off_loop
from shared.framing.records import Records, frame
from shared.framing.salvage import Bad, Salvaged, salvage
from shared.http.answer import Answer
from shared.http.call import HttpCall, OnError, Options, check_size, choose_format, parse_options
from shared.ingest.coalescer import Ingests
from shared.ingest.durable import DurableIngestion
from shared.outcome import Code, Deferred, Delivered, Outcome, Problem, Refused, Rejected
from shared.payload import Payload
from shared.pipelines.quarantine import Quarantine
from shared.pipelines.recognition import Identity, Recognised, Recognition
from shared.routing.routes import Route, RouteTable, Target
from shared.settings import Settings
from shared.storage.ledger import body_hash, operation_id
from shared.webhooks.events import envelope
from shared.webhooks.schemes import verify

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pipeline is made of."""

    settings: Settings
    routes: RouteTable
    ingestion: Ingests
    durable: DurableIngestion
    recognition: Recognition
    quarantine: Quarantine
    accounting: Accounting
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A framed request and what is to be done with it."""

    payload: Payload
    identity: Identity
    options: Options
    seconds: float
    bad: tuple[Bad, ...] = ()  # records that framing has set aside


class HttpPipeline:
    """Requests of the ingestion and webhook endpoints."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def ingest(self, call: HttpCall) -> Answer:
        """`POST /api/ingest/{route}[/{table}]`."""
        try:
            route = self._parts.routes.named(call.route)
        except Refused as refusal:
            return _refused(call, refusal.problem)
        with self._parts.accounting.work(route.name) as entry:
            try:
                options = parse_options(call)
                target, framed = await off_loop(len(call.body), partial(self._framed, call, route, options))
                work = self._work(call, route, target, framed.records, options, options.key, entry.trace)
                work = replace(work, bad=framed.bad)
            except Refused as refusal:
                entry.settle(Rejected(problem=refusal.problem, attempts=0))
                return _refused(call, refusal.problem)
            if options.dry_run:
                entry.settle(None)
                return _answer(work, Recognised(outcome=None))
            del call, framed  # the body is in the payload now; thousands may wait here
            answer = await self._ingested(work)
            entry.settle(answer.outcome, duplicate=answer.duplicate)
            return answer

    async def hook(self, call: HttpCall) -> Answer:
        """`POST /api/hooks/{route}[/{table}]`."""
        parts = self._parts
        try:
            route, webhook = parts.routes.hook(call.route)
        except Refused as refusal:
            return _refused(call, refusal.problem)
        with parts.accounting.work(route.name) as entry:
            try:
                check_size(call, parts.settings.max_body_bytes)
                now = parts.clock.now()
                delivery = verify(webhook, call.headers, call.body, now=now)
                encoding = call.headers.get("content-encoding", "")
                body = raw_body(call.body, encoding, limit=parts.settings.max_raw_bytes)
                fallback = str(call.operation_id)
                records = envelope(
                    webhook.scheme, route.name, delivery, call.headers, body, now=now, fallback_id=fallback
                )
                target = route.target(table=call.table, data_format=records.data_format)
                work = self._work(call, route, target, records, Options(), delivery.id, entry.trace)
            except Refused as refusal:
                entry.settle(Rejected(problem=refusal.problem, attempts=0))
                return _refused(call, refusal.problem)
            answer = await self._ingested(work)
            entry.settle(answer.outcome, duplicate=answer.duplicate)
            return answer

    def _framed(self, call: HttpCall, route: Route, options: Options) -> tuple[Target, Salvaged]:
        settings = self._parts.settings
        check_size(call, settings.max_body_bytes)
        data_format = choose_format(route, options, call.headers.get("content-type", ""))
        # The target is checked before the body is opened: a forbidden table costs no work.
        target = route.target(table=call.table, data_format=data_format, mapping=options.mapping)
        body = raw_body(call.body, call.headers.get("content-encoding", ""), limit=settings.max_raw_bytes)
        skip = options.ignore_first_record
        try:
            header = route.skips_header(data_format) if skip is None else skip
            return target, Salvaged(records=frame(body, data_format, skip_header=header))
        except Refused as refusal:
            if options.on_error is OnError.FAIL:
                raise
            return target, salvage(body, data_format, refusal.problem)

    def _work(
        self,
        call: HttpCall,
        route: Route,
        target: Target,
        records: Records,
        options: Options,
        key: str | None,
        trace: str,
    ) -> _Work:
        operation = operation_id(route.name, key) if key else call.operation_id
        return _Work(
            payload=Payload(
                source_id=operation,
                route=route.name,
                target=target,
                records=records,
                streaming=route.streaming,
                tagging=route.tagging,
                trace=trace,
            ),
            identity=Identity(
                operation=operation,
                route=route.name,
                body_hash=body_hash(call.body) if key else "",
                keyed=key is not None,
            ),
            options=options,
            seconds=min(options.wait or float("inf"), route.deadline or self._parts.settings.deadline),
        )

    async def _ingested(self, work: _Work) -> Answer:
        recognition = self._parts.recognition
        if work.identity.keyed:
            recognised = await recognition.once(work.identity, work.seconds, lambda: self._outcome(work))
        else:  # no frame and no closure more than needed: thousands may wait here
            recognised = await recognition.followed(work.identity, await self._outcome(work))
        answer = _answer(work, recognised)
        if answer.outcome is not None:
            log_outcome(work.payload.route, answer.operation_id, answer.outcome)
        return answer

    async def _outcome(self, work: _Work) -> Outcome:
        deadline = Deadline.after(self._parts.clock, work.seconds)
        if work.options.respond_async:
            return await self._parts.durable.later(work.payload, deadline)
        outcome = await self._parts.ingestion.ingest(work.payload, deadline)
        if work.options.on_error is OnError.QUARANTINE:
            if isinstance(outcome, Rejected) and outcome.problem.code is Code.RECORDS_REFUSED:
                outcome = await self._parts.quarantine.isolated(work.payload, outcome, deadline)
            outcome = await self._parts.quarantine.kept(work.payload, work.bad, outcome)
        return outcome


def _answer(work: _Work, recognised: Recognised) -> Answer:
    return Answer(
        operation_id=work.identity.operation,
        outcome=recognised.outcome,
        rows=None if work.payload.records.count is None else work.payload.records.count + len(work.bad),
        raw_size=work.payload.raw_size,
        duplicate=recognised.duplicate,
    )


def _refused(call: HttpCall, problem: Problem) -> Answer:
    outcome = Rejected(problem=problem, attempts=0)
    log_outcome(call.route[:64], call.operation_id, outcome)
    return Answer(operation_id=call.operation_id, outcome=outcome)


def log_outcome(route: str, operation_id: UUID, outcome: Outcome) -> None:
    """One line per piece of work: names and numbers, never content."""
    match outcome:
        case Delivered():
            _LOG.info("delivered %s route=%r rows=%s bytes=%d", operation_id, route, outcome.rows, outcome.raw_size)
        case Deferred():
            _LOG.info("deferred %s route=%r mode=%s reason=%s", operation_id, route, outcome.mode, outcome.reason)
        case Rejected():
            _LOG.warning("rejected %s route=%r code=%s", operation_id, route, outcome.problem.code)
