"""Requests as the Functions host reports them, through the real exporter.

The host of the laptop stack exports nothing, so these spans stand in for its own: one for each call of a function, with
the HTTP status where there is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.telemetry.endpoint import PROMPT, Envelope, recording

if TYPE_CHECKING:
    import pytest

#: Calls: the function's name, the HTTP status (None: not an HTTP call), and whether it failed.
CALLS = (
    *(("ingest", 200, False),) * 5,
    *(("ingest", 400, True),) * 2,
    *(("ingest", 503, True),) * 1,
    *(("sweep", None, False),) * 1,
    *(("blob_created", None, True),) * 7,
)


def record_host(monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
    """The telemetry of `CALLS`."""
    for name, value in PROMPT.items():
        monkeypatch.setenv(name, value)
    # Loaded here: its modules read the environment.
    from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above
    from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - see above

    with recording() as recorder:
        provider = TracerProvider()
        exporter = AzureMonitorTraceExporter(
            connection_string=recorder.connection_string, tracer_provider=provider, disable_offline_storage=True
        )
        provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = provider.get_tracer("host")
        for name, status, failed in CALLS:
            http = {"http.request.method": "POST", "http.response.status_code": status, "http.route": name}
            with tracer.start_as_current_span(name, kind=SpanKind.SERVER, attributes=http if status else {}) as span:
                if failed:
                    span.set_status(StatusCode.ERROR)
        provider.force_flush()
        provider.shutdown()
        return recorder.envelopes
