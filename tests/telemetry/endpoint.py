"""A stand-in of Application Insights' ingestion endpoint: it keeps what the real exporter sends.

Protocol as azure-monitor-opentelemetry-exporter speaks it: `POST /v2.1/track`, envelopes as JSON, gzip or plain;
answered with how many were received and accepted.
"""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: One piece of telemetry on its way: `time`, `tags`, `data.baseType`, `data.baseData`.
type Envelope = dict[str, Any]

_KEY = "11111111-2222-4333-8444-555555555555"

#: Environment of an application whose telemetry comes at once, complete, and goes nowhere else: no sampling, and none
#: of the exporter's own reports and look-ups, which would leave the machine.
PROMPT = {
    "OTEL_METRIC_EXPORT_INTERVAL": "500",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_TRACES_SAMPLER": "always_on",
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
}


class Recorder:
    """What has arrived so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._envelopes: list[Envelope] = []
        self.url = ""

    @property
    def connection_string(self) -> str:
        return f"InstrumentationKey={_KEY};IngestionEndpoint={self.url}/;LiveEndpoint={self.url}/"

    @property
    def envelopes(self) -> list[Envelope]:
        with self._lock:
            return list(self._envelopes)

    def keep(self, envelopes: list[Envelope]) -> None:
        with self._lock:
            self._envelopes += envelopes


@contextmanager
def recording() -> Iterator[Recorder]:
    """A running endpoint on a free loopback port."""
    recorder = Recorder()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(recorder.keep))
    recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def envelopes_of(body: bytes, encoding: str) -> list[Envelope]:
    """The envelopes of a request: a JSON array, or one JSON value on each line."""
    text = (gzip.decompress(body) if encoding == "gzip" else body).decode()
    if text.startswith("["):
        return list(json.loads(text))
    return [json.loads(line) for line in text.splitlines() if line]


def _answering(keep: Callable[[list[Envelope]], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:  # the base class's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.split("?")[0] != "/v2.1/track":
                self._send(404, {})
                return
            envelopes = envelopes_of(body, self.headers.get("Content-Encoding", ""))
            keep(envelopes)
            self._send(200, {"itemsReceived": len(envelopes), "itemsAccepted": len(envelopes), "errors": []})

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for the tests."""

    return Handler
