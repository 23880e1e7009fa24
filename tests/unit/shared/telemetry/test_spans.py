"""One span per piece of work and per request to Kusto, in one trace; and not a word of what an error says."""

import asyncio
from collections.abc import Iterator
from uuid import UUID

import pytest
from azure.kusto.data.exceptions import KustoApiError
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.accounting import Accounting
from shared.ingest.observed import ObservedQueues, ObservedStreams
from shared.ingest.streaming import StreamingEndpoint
from shared.outcome import Code, Delivered, Problem, Rejected
from shared.payload import Payload
from shared.storage.held import Held
from shared.telemetry.spans import trace_of
from tests.fakes import FakeQueues, FakeStreams, api_error, payload, reference

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CALLERS_TRACE = int("0af7651916cd43dd8448eb211c80319c", 16)
_spans = InMemorySpanExporter()


@pytest.fixture(autouse=True)
def spans() -> Iterator[InMemorySpanExporter]:
    """What is traced, with the host's span of the caller's trace as the current one."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(_spans))
        trace.set_tracer_provider(provider)
    _spans.clear()
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": CALLER}))
    yield _spans
    context.detach(token)


def finished() -> list[ReadableSpan]:
    return list(_spans.get_finished_spans())


def traced(number: int, trace_text: str) -> Payload:
    return Payload(
        source_id=UUID(int=number),
        route="r",
        target=payload().target,
        records=payload().records,
        streaming=payload().streaming,
        trace=trace_text,
    )


def test_work_is_a_span_below_the_hosts() -> None:
    with Accounting().work("storms") as entry:
        entry.settle(Delivered(rows=3, raw_size=30, attempts=1))
    (span,) = finished()
    assert (span.name, span.context.trace_id, span.parent.span_id) == (
        "ingest storms",
        CALLERS_TRACE,
        int("b7ad6b7169203331", 16),
    )
    assert dict(span.attributes or {}) == {"route": "storms", "fate": "delivered", "mode": "streaming"}
    assert span.status.status_code is StatusCode.UNSET


def test_refused_work_is_a_failed_span_without_the_refusals_words() -> None:
    with Accounting().work("storms") as entry:
        entry.settle(Rejected(problem=Problem(code=Code.MALFORMED_BODY, detail="the secret text"), attempts=0))
    (span,) = finished()
    assert span.status.status_code is StatusCode.ERROR
    assert "secret" not in span.to_json()


async def test_a_request_to_kusto_is_in_the_trace_of_the_work_and_names_it() -> None:
    with Accounting().work("storms") as entry:
        asked = []

        class Client:
            async def execute_streaming_ingest(self, *args: object) -> None:
                asked.append(args)

        async def connect() -> Client:
            return Client()

        await ObservedStreams(StreamingEndpoint(connect)).send(traced(7, entry.trace), attempt=2, timeout=5)
    stream, ingest = finished()
    assert (stream.name, stream.kind) == ("stream Events.T", SpanKind.CLIENT)
    assert (stream.context.trace_id, stream.parent.span_id) == (CALLERS_TRACE, ingest.context.span_id)
    assert dict(stream.attributes or {}) == {"route": "r", "result": "accepted"}
    assert asked[0][5].client_request_id == f"managed;{UUID(int=7)};2;0af7651916cd43dd8448eb211c80319c"


async def test_a_shared_request_links_to_all_whose_records_it_carries() -> None:
    others = [f"00-{number:032x}-{number:016x}-01" for number in (1, 2, 3)]
    gathered = Payload.gathered([traced(number, text) for number, text in enumerate(others)])
    await ObservedStreams(FakeStreams()).send(gathered, attempt=0, timeout=5)
    (span,) = finished()
    assert span.context.trace_id == 1
    assert [link.context.trace_id for link in span.links] == [2, 3]


async def test_a_failed_request_says_its_reason_and_quotes_nothing() -> None:
    with pytest.raises(KustoApiError):
        await ObservedStreams(FakeStreams(api_error(429, "TooManyRequests"))).send(
            traced(1, CALLER), attempt=0, timeout=5
        )
    boom = RuntimeError("https://account/container/blob?sig=s3cret")
    with pytest.raises(RuntimeError):
        await ObservedQueues(FakeQueues(boom)).queue(traced(1, CALLER))
    with pytest.raises(RuntimeError):
        await ObservedQueues(FakeQueues(boom)).queue_reference(reference())
    stream, *queues = finished()
    assert (stream.attributes or {})["result"] == "throttled"
    assert {span.name for span in queues} == {"queue Events.T"}
    assert all(span.status.status_code is StatusCode.ERROR for span in finished())
    assert not any("s3cret" in span.to_json() for span in finished())


async def test_a_request_that_was_given_up_says_so() -> None:
    forever = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ObservedStreams(FakeStreams(forever.wait)).send(payload(), attempt=0, timeout=5)
    (span,) = finished()
    assert (span.attributes or {})["result"] == "given-up"


def test_what_waits_in_the_spool_keeps_its_trace() -> None:
    held = Held.of(traced(1, CALLER), reason="r", detail="d", attempts=3, now=1.0)
    assert Held.decode(held.encode()).payload().trace == CALLER


def test_without_a_caller_or_a_tracer_there_is_no_trace() -> None:
    assert trace_of(trace.INVALID_SPAN) == ""
    old = b'{"id":"00000000-0000-0000-0000-000000000001","route":"r","database":"d","table":"t","format":"csv",'
    old += b'"mapping":null,"streaming":"auto","rows":1,"reason":"r","detail":"d","attempts":1,"created":1.0}\na,1\n'
    assert Held.decode(old).payload().trace == ""  # spooled before there were traces
