"""The stages over HTTP in their order, with everything real but the edges: cluster, containers and time."""

import gzip
import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accounting import Accounting, Fate
from shared.framing.formats import DataFormat
from shared.http.call import HttpCall
from shared.ingest.coalescer import Coalescer
from shared.ingest.durable import DurableIngestion
from shared.ingest.managed import ManagedIngestion
from shared.outcome import Code, Deferred, Delivered, Mode, Outcome, Problem, Rejected
from shared.pipelines.quarantine import Quarantine
from shared.pipelines.recognition import Recognition
from shared.pipelines.requests import Answer, HttpPipeline, Parts
from shared.routing.routes import Route, RouteTable
from shared.settings import parse_settings
from shared.storage.deadletters import DeadLetters
from shared.storage.ledger import Ledger
from shared.storage.spool import Spool
from shared.webhooks.schemes import Scheme, Secret, Webhook
from tests.fakes import (
    FakeClock,
    FakeContainer,
    FakeQueue,
    FakeQueues,
    FakeStreams,
    Step,
    api_error,
    hang,
    run_virtually,
)

OPERATION = UUID(int=7)
ROUTES = RouteTable(
    {
        "csv": Route(name="csv", database="Events", table="T", data_format=DataFormat.CSV, ignore_first_record=True),
        "any": Route(name="any", database="Events", table="T", mappings=("m",)),
        "many": Route(name="many", database="Events", table=None, tables=("S_*",), data_format=DataFormat.CSV),
        "hook": Route(
            name="hook",
            database="Events",
            table="W",
            mappings=("w",),
            data_format=DataFormat.JSON,
            webhook=Webhook(scheme=Scheme.GITHUB, secrets=(Secret("s3cret"),)),
            deadline=8.0,
        ),
    }
)
SETTINGS = parse_settings(
    {"KUSTO_CLUSTER_URI": "http://127.0.0.1:1", "MAX_BODY_BYTES": "1000", "MAX_RAW_BYTES": "2000"}
)


@dataclass(slots=True)
class World:
    """One process and what lies around it."""

    streams: FakeStreams = field(default_factory=FakeStreams)
    queues: FakeQueues = field(default_factory=FakeQueues)
    clock: FakeClock = field(default_factory=FakeClock)
    ledger: FakeContainer = field(default_factory=FakeContainer)
    spool: FakeContainer = field(default_factory=FakeContainer)
    letters: FakeContainer = field(default_factory=FakeContainer)
    alarms: FakeQueue = field(default_factory=FakeQueue)
    accounting: Accounting = field(default_factory=Accounting)

    def pipeline(self) -> HttpPipeline:
        managed = ManagedIngestion(self.streams, self.queues, self.clock, jitter=lambda: 0.0)
        durable = DurableIngestion(managed, Spool(self.spool, self.alarms), self.clock, first_delay=10)  # type: ignore[arg-type]
        return HttpPipeline(
            Parts(
                settings=SETTINGS,
                routes=ROUTES,
                ingestion=Coalescer(durable, self.clock),
                durable=durable,
                recognition=Recognition(Ledger(self.ledger), self.clock),  # type: ignore[arg-type]
                quarantine=Quarantine(durable, DeadLetters(self.letters), self.clock),  # type: ignore[arg-type]
                accounting=self.accounting,
                clock=self.clock,
            )
        )

    @property
    def untouched(self) -> bool:
        """Whether neither the cluster nor a container was asked for anything."""
        return not (self.streams.sent or self.queues.asked or self.ledger.entries or self.spool.entries)


def call(
    body: bytes = b"h\na\n",
    *,
    route: str = "csv",
    table: str | None = None,
    query: dict[str, str] | None = None,
    **headers: str,
) -> HttpCall:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpCall(
        operation_id=OPERATION, method="POST", route=route, table=table, headers=named, query=query or {}, body=body
    )


def hook(body: bytes = b'{"action":"a"}', *, secret: bytes = b"s3cret", **headers: str) -> HttpCall:
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return call(body, route="hook", **{"x_hub_signature_256": signature, **headers})


def problem(answer: Answer) -> Problem:
    assert isinstance(answer.outcome, Rejected)
    return answer.outcome.problem


async def test_a_body_becomes_rows_and_its_header_does_not() -> None:
    world = World()
    answer = await world.pipeline().ingest(call(b"h\na\nb\n"))
    assert isinstance(answer.outcome, Delivered)
    assert (answer.operation_id, answer.rows, answer.raw_size, answer.duplicate) == (OPERATION, 2, 4, False)
    ((payload, *_),) = world.streams.sent
    assert (payload.source_id, payload.records.content, payload.target.table) == (OPERATION, b"a\nb\n", "T")


async def test_a_packed_body_is_opened() -> None:
    world = World()
    await world.pipeline().ingest(call(gzip.compress(b"h\na\n"), content_encoding="gzip"))
    assert world.streams.accepted[0].records.content == b"a\n"


async def test_a_caller_may_say_that_there_is_no_header() -> None:
    answer = await World().pipeline().ingest(call(query={"ignoreFirstRecord": "false"}))
    assert answer.rows == 2


async def test_a_dry_run_touches_nothing() -> None:
    world = World()
    answer = await world.pipeline().ingest(call(query={"dryRun": "true"}, idempotency_key="k"))
    assert (answer.outcome, answer.rows, answer.raw_size) == (None, 1, 2)
    assert world.untouched


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (call(route="none"), Code.ROUTE_NOT_FOUND),
        (call(route="hook"), Code.ROUTE_NOT_FOUND),
        (call(table="Other"), Code.ROUTE_NOT_FOUND),
        (call(route="many"), Code.ROUTE_NOT_FOUND),
        (call(route="many", table="X"), Code.ROUTE_NOT_FOUND),
        (call(b""), Code.EMPTY_BODY),
        (call(b"", transfer_encoding="chunked"), Code.LENGTH_REQUIRED),
        (call(b"x" * 1001), Code.TOO_LARGE),
        (call(gzip.compress(b"x" * 2001)), Code.TOO_LARGE),
        (call(b"h\n"), Code.EMPTY_BODY),
        (call(b'h\n"a'), Code.MALFORMED_BODY),
        (call(content_encoding="br"), Code.UNSUPPORTED_MEDIA_TYPE),
        (call(content_type="application/json"), Code.UNSUPPORTED_MEDIA_TYPE),
        (call(route="any"), Code.UNSUPPORTED_MEDIA_TYPE),
        (call(route="any", content_type="text/csv", query={"mapping": "other"}), Code.MALFORMED_PARAMETER),
        (call(query={"colour": "red"}), Code.MALFORMED_PARAMETER),
        (call(idempotency_key="\n"), Code.MALFORMED_PARAMETER),
    ],
)
async def test_what_is_refused_touches_nothing(request_: HttpCall, code: Code) -> None:
    world = World()
    answer = await world.pipeline().ingest(request_)
    assert problem(answer).code is code
    assert world.untouched
    assert world.accounting.unbalanced() == {}


async def test_a_table_that_is_not_allowed_costs_no_work() -> None:
    # A damaged body would be 400: the answer shows that it was never opened.
    answer = await World().pipeline().ingest(call(b"\x1f\x8bdamaged", route="many", table="X"))
    assert problem(answer).code is Code.ROUTE_NOT_FOUND


async def test_a_webhook_becomes_an_event() -> None:
    world = World()
    answer = await world.pipeline().hook(hook(x_github_delivery="d-1"))
    assert isinstance(answer.outcome, Delivered)
    ((payload, *_),) = world.streams.sent
    assert payload.target.mapping == "w"
    assert b'"id":"d-1"' in payload.records.content
    assert payload.records.content.endswith(b'"data":{"action":"a"}}\n')


async def test_a_wrong_signature_touches_nothing_and_opens_nothing() -> None:
    world = World()
    for request in (hook(secret=b"other"), hook(b"\x1f\x8bdamaged", secret=b"other"), call(b"{}", route="hook")):
        assert problem(await world.pipeline().hook(request)).code is Code.UNAUTHENTICATED
    assert world.untouched


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (call(route="csv"), Code.ROUTE_NOT_FOUND),
        (call(route="none"), Code.ROUTE_NOT_FOUND),
        (hook(b"x" * 1001), Code.TOO_LARGE),
        (hook(b""), Code.EMPTY_BODY),
        (hook(b"no json"), Code.MALFORMED_BODY),
        (hook(content_type="application/x-www-form-urlencoded"), Code.UNSUPPORTED_MEDIA_TYPE),
    ],
)
async def test_a_webhook_that_is_refused(request_: HttpCall, code: Code) -> None:
    world = World()
    assert problem(await world.pipeline().hook(request_)).code is code
    assert world.untouched


async def test_a_repeated_key_is_answered_with_the_first_outcome() -> None:
    world = World()
    pipeline = world.pipeline()
    first = await pipeline.ingest(call(idempotency_key="k"))
    again = await pipeline.ingest(call(idempotency_key="k"))
    assert (first.duplicate, again.duplicate, first.operation_id == again.operation_id) == (False, True, True)
    assert isinstance(again.outcome, Delivered)
    assert len(world.streams.sent) == 1
    assert problem(await pipeline.ingest(call(b"h\nother\n", idempotency_key="k"))).code is Code.KEY_REUSED
    assert not (await pipeline.ingest(call(idempotency_key="other"))).duplicate


async def test_a_webhook_that_is_delivered_twice_is_ingested_once() -> None:
    world = World()
    pipeline = world.pipeline()
    answers = [await pipeline.hook(hook(x_github_delivery="d-1")) for _ in range(2)]
    assert [answer.duplicate for answer in answers] == [False, True]
    assert len(world.streams.sent) == 1


async def test_a_key_whose_work_was_refused_may_come_again() -> None:
    world = World(streams=FakeStreams(api_error(400, "BadRequest", permanent=True), None))
    pipeline = world.pipeline()
    assert problem(await pipeline.ingest(call(idempotency_key="k"))).code is Code.RECORDS_REFUSED
    assert isinstance((await pipeline.ingest(call(idempotency_key="k"))).outcome, Delivered)


async def test_without_a_ledger_work_is_done_and_said_to_be_in_doubt() -> None:
    world = World()
    world.ledger.broken = OSError("x")
    outcome = (await world.pipeline().ingest(call(idempotency_key="k"))).outcome
    assert isinstance(outcome, Delivered)
    assert outcome.maybe_duplicate


async def test_what_kusto_cannot_take_is_spooled() -> None:
    world = World(FakeStreams(OSError("x")), FakeQueues(OSError("x")))
    outcome = (await world.pipeline().ingest(call())).outcome
    assert isinstance(outcome, Deferred)
    assert outcome.mode is Mode.SPOOLED
    assert (len(world.spool.entries), [delay for _, delay in world.alarms.sent]) == (1, [10])


async def test_a_spool_without_its_alarm_leaves_nothing_behind_or_says_so() -> None:
    world = World(FakeStreams(api_error(503)), FakeQueues(OSError("x")))
    world.alarms.broken = OSError("x")
    found = problem(await world.pipeline().ingest(call()))
    assert found.maybe_committed or not world.spool.entries  # what stays is delivered by the next sweep


async def test_a_caller_that_does_not_want_to_wait_is_answered_from_the_spool() -> None:
    world = World()
    outcome = (await world.pipeline().ingest(call(prefer="respond-async"))).outcome
    assert isinstance(outcome, Deferred)
    assert (outcome.reason, len(world.spool.entries), world.streams.sent) == ("asked-for", 1, [])


_steps: st.SearchStrategy[Step] = st.sampled_from(
    [
        None,
        OSError("x"),
        TimeoutError(),
        hang,
        api_error(400, "BadRequest", permanent=True),
        api_error(503),
        api_error(403),
    ]
)


@given(
    streaming=st.lists(_steps, min_size=1, max_size=4),
    queueing=st.lists(_steps, min_size=1, max_size=2),
    spool=st.sampled_from([None, OSError("x")]),
    alarms=st.sampled_from([None, OSError("x")]),
    ledger=st.sampled_from([None, OSError("x")]),
    key=st.booleans(),
)
def test_no_lie_in_the_answer(
    streaming: list[Step],
    queueing: list[Step],
    spool: Exception | None,
    alarms: Exception | None,
    ledger: Exception | None,
    *,
    key: bool,
) -> None:
    """200 means that streaming took it, 202 that a queue or the spool has it, and else nobody does."""

    async def main() -> None:
        world = World(FakeStreams(*streaming), FakeQueues(*queueing))
        world.spool.broken, world.alarms.broken, world.ledger.broken = spool, alarms, ledger
        outcome: Outcome | None = (
            await world.pipeline().ingest(call(**({"idempotency_key": "k"} if key else {})))
        ).outcome
        held = bool(world.queues.held) or (bool(world.spool.entries) and bool(world.alarms.sent))
        match outcome:
            case Delivered():
                assert world.streams.accepted
                assert world.accounting.settled == {("csv", Fate.DELIVERED): 1}
            case Deferred():
                assert held
                assert world.accounting.settled == {("csv", Fate.DEFERRED): 1}
            case Rejected(problem=problem):
                assert not world.streams.accepted
                assert not held
                assert problem.kind.status in {422, 503, 504}
        assert world.accounting.unbalanced() == {}

    run_virtually(main())
