"""The stages in order, for every source of work. No logic of its own beyond the order.

HTTP: size → (signature) → decompress → route → frame → ingest. The sender and the size are settled before a byte of
the body is parsed, and the whole body is framed before anything is ingested.
"""

import logging
from dataclasses import dataclass
from uuid import UUID

from shared.body import raw_body
from shared.deadline import Clock, Deadline
from shared.http_call import HttpCall, Options, check_size, choose_format, parse_options
from shared.ingest.coalescer import Ingests
from shared.outcome import Deferred, Delivered, Outcome, Problem, Refused, Rejected
from shared.payload import Payload
from shared.records import Records, frame
from shared.routes import Route, RouteTable, Target
from shared.settings import Settings
from shared.webhooks.events import envelope
from shared.webhooks.schemes import verify

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one request. `outcome` is None for a dry run that found nothing wrong."""

    operation_id: UUID
    outcome: Outcome | None
    rows: int | None = None
    raw_size: int | None = None  # uncompressed bytes


class HttpPipeline:
    """Requests of the ingestion and webhook endpoints."""

    def __init__(self, settings: Settings, routes: RouteTable, ingestion: Ingests, clock: Clock) -> None:
        self._settings = settings
        self._routes = routes
        self._ingestion = ingestion
        self._clock = clock

    async def ingest(self, call: HttpCall) -> Answer:
        """`POST /api/ingest/{route}[/{table}]`."""
        try:
            route = self._routes.named(call.route)
            options = parse_options(call)
            target, records = self._framed(call, route, options)
        except Refused as refusal:
            return self._refused(call, refusal.problem)
        if options.dry_run:
            size = len(records.content)
            return Answer(operation_id=call.operation_id, outcome=None, rows=records.count, raw_size=size)
        return await self._ingested(call, route, target, records, options.wait)

    async def hook(self, call: HttpCall) -> Answer:
        """`POST /api/hooks/{route}[/{table}]`."""
        try:
            check_size(call, self._settings.max_body_bytes)
            route, webhook = self._routes.hook(call.route)
            now = self._clock.now()
            delivery = verify(webhook, call.headers, call.body, now=now)
            body = raw_body(call.body, call.headers.get("content-encoding", ""), limit=self._settings.max_raw_bytes)
            records = envelope(
                webhook.scheme, route.name, delivery, call.headers, body, now=now, fallback_id=str(call.operation_id)
            )
            target = route.target(table=call.table, data_format=records.data_format)
        except Refused as refusal:
            return self._refused(call, refusal.problem)
        return await self._ingested(call, route, target, records, None)

    def _framed(self, call: HttpCall, route: Route, options: Options) -> tuple[Target, Records]:
        check_size(call, self._settings.max_body_bytes)
        data_format = choose_format(route, options, call.headers.get("content-type", ""))
        # The target is checked before the body is opened: a forbidden table costs no work.
        target = route.target(table=call.table, data_format=data_format, mapping=options.mapping)
        body = raw_body(call.body, call.headers.get("content-encoding", ""), limit=self._settings.max_raw_bytes)
        skip = options.ignore_first_record
        return target, frame(body, data_format, skip_header=route.skips_header(data_format) if skip is None else skip)

    async def _ingested(
        self, call: HttpCall, route: Route, target: Target, records: Records, wait: float | None
    ) -> Answer:
        payload = Payload(
            source_id=call.operation_id,
            route=route.name,
            target=target,
            records=records,
            streaming=route.streaming,
        )
        seconds = min(wait or float("inf"), route.deadline or self._settings.deadline)
        outcome = await self._ingestion.ingest(payload, Deadline.after(self._clock, seconds))
        log_outcome(route.name, call.operation_id, outcome)
        return Answer(operation_id=call.operation_id, outcome=outcome, rows=records.count, raw_size=payload.raw_size)

    def _refused(self, call: HttpCall, problem: Problem) -> Answer:
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
