"""Spans: one per piece of work, one per request to Kusto. Without an SDK every call is a no-op.

A trace is carried as W3C `traceparent` text, from the request that brought the records to the request that takes them
to Kusto, through the coalescer and the spool. Many pieces of work may share one request to Kusto: it belongs to the
trace of the first, and links to the others. Exceptions are not recorded: their texts may quote a URL with its SAS.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

#: The tracer's name.
TRACER = "kusto.ingest"
#: Links of one span that OpenTelemetry keeps (specification: "Span limits").
_LINKS = 128


class Work(StrEnum):
    """The first word of every span's name; what follows is the route, or `<database>.<table>`."""

    INGEST = "ingest"  # a piece of work, from receipt to answer
    STREAM = "stream"  # one streaming request
    QUEUE = "queue"  # one source handed to the batching manager


def begin_work(route: str) -> "Span":
    """The span of a piece of work, below the span that the host has made current."""
    return _tracer().start_span(f"{Work.INGEST} {route}")


def end_work(span: "Span", facts: Mapping[str, str], *, failed: bool) -> None:
    """A piece of work is done."""
    span.set_attributes(facts)
    _mark(span, failed=failed)
    span.end()


@contextmanager
def kusto_call(work: Work, target: str, traces: Sequence[str]) -> "Iterator[dict[str, str]]":
    """The span of one request to Kusto, whose records came with `traces`. Yields the attributes it will get.

    Args:
        work: which endpoint.
        target: `<database>.<table>`.
        traces: traceparents, the first is the parent; empty texts are left out.
    """
    from opentelemetry.trace import Link, SpanKind, get_current_span  # noqa: PLC0415 - as in metrics.py

    known = [trace for trace in traces if trace]
    links = [Link(get_current_span(_context(trace)).get_span_context()) for trace in islice(known, 1, _LINKS + 1)]
    parent = _context(known[0]) if known else None
    facts: dict[str, str] = {}
    span = _tracer().start_span(f"{work} {target}", context=parent, kind=SpanKind.CLIENT, links=links)
    try:
        yield facts
    except BaseException:
        _mark(span, failed=True)
        raise
    finally:
        span.set_attributes(facts)
        span.end()


def trace_of(span: "Span") -> str:
    """The traceparent of a span; empty where nobody traces."""
    context = span.get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _context(trace: str) -> "Context":
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

    return TraceContextTextMapPropagator().extract({"traceparent": trace})


def _mark(span: "Span", *, failed: bool) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - as above

    if failed:
        span.set_status(StatusCode.ERROR)


@cache
def _tracer() -> "Tracer":  # the API's stands for the SDK's as soon as there is one
    from opentelemetry import trace  # noqa: PLC0415 - as above

    return trace.get_tracer(TRACER)
