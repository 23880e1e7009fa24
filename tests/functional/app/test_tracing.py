"""One trace from the sender to Kusto, as Application Insights would get it, and nothing in it that is secret."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from local.endpoints import Endpoints
from local.kusto.faults.client import Faults
from local.kusto.faults.effects import Endpoint
from local.stack import Options, Stack
from shared import __version__
from tests.kusto_fixture import until
from tests.loop_thread import LoopThread
from tests.telemetry.app import post
from tests.telemetry.endpoint import PROMPT, Envelope, Recorder, recording

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
PAYLOAD = "words-of-the-sender"


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recorder, Endpoints]]:
    """The shipped application on the real worker, with the settings that the template gives it for telemetry."""
    with recording() as found, LoopThread() as loop:
        settings = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": found.connection_string,
            "PYTHON_ENABLE_OPENTELEMETRY": "true",
        }
        stack = Stack(Options(logs=tmp_path_factory.mktemp("stack"), env=PROMPT | settings))
        loop.run(stack.__aenter__(), within=120)
        try:
            yield found, stack.endpoints
        finally:
            loop.run(stack.__aexit__(None, None, None))


def spans(recorder: Recorder) -> dict[str, dict[str, Any]]:
    """By name: the spans of the caller's trace."""
    found: dict[str, dict[str, Any]] = {}
    for envelope in recorder.envelopes:
        if envelope["data"]["baseType"] == "RemoteDependencyData" and of_trace(envelope):
            found[envelope["data"]["baseData"]["name"]] = envelope
    return found


def of_trace(envelope: Envelope) -> bool:
    return envelope["tags"].get("ai.operation.id") == TRACE


def test_a_webhook_and_the_request_to_kusto_are_one_trace(recorder: tuple[Recorder, Endpoints]) -> None:
    found, endpoints = recorder
    body = json.dumps({"zen": PAYLOAD}).encode()
    secret = endpoints.webhook_secrets["GITHUB_WEBHOOK_SECRET"]
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    answer = post(
        endpoints,
        "hooks/github",
        body,
        content_type="application/json",
        x_hub_signature_256=f"sha256={signature}",
        x_github_event="ping",
        x_github_delivery="traced",
        traceparent=CALLER,
    )
    assert answer == 200
    until(lambda: {"ingest github", "stream Events.WebhookEvents"} <= set(spans(found)), 20, lambda: spans(found))
    ingest, stream = spans(found)["ingest github"], spans(found)["stream Events.WebhookEvents"]
    assert stream["tags"]["ai.operation.parentId"] == ingest["data"]["baseData"]["id"]
    assert ingest["data"]["baseData"]["properties"] == {"route": "github", "fate": "delivered", "mode": "streaming"}
    assert stream["data"]["baseData"]["properties"]["result"] == "accepted"
    assert stream["data"]["baseData"]["success"] is True

    (request,) = Faults(endpoints.kusto).requests(Endpoint.STREAM, table="WebhookEvents").records
    managed, source, attempt, trace = request["requestId"].split(";")
    assert (managed, attempt, trace) == ("managed", "0", TRACE)
    assert UUID(source)
    assert request["application"].startswith(f"Kusto.IngestFunctions:{{{__version__}}}|App.{{kusto-ingest-functions}}")


def test_a_queued_request_is_traced_and_logged_without_the_address_it_was_written_to(
    recorder: tuple[Recorder, Endpoints],
) -> None:
    found, endpoints = recorder
    for _ in range(3):
        Faults(endpoints.kusto).answer(Endpoint.STREAM, status=503)
    line = f"2018-01-26,2018-01-27,{PAYLOAD},0,0,Unknown,{{}}\n".encode()
    answer = post(endpoints, "ingest/storm-lines", line, content_type="text/csv", traceparent=CALLER)
    assert answer == 202
    until(lambda: "queue Events.MyStormEvents" in spans(found), 20, lambda: spans(found))
    assert spans(found)["stream Events.MyStormEvents"]["data"]["baseData"]["success"] is False

    def logged() -> list[str]:
        return [
            envelope["data"]["baseData"]["message"]
            for envelope in found.envelopes
            if envelope["data"]["baseType"] == "MessageData" and of_trace(envelope)
        ]

    until(lambda: any(line.startswith("deferred") for line in logged()), 20, logged)


def test_nothing_was_told_in_passing(recorder: tuple[Recorder, Endpoints]) -> None:
    found, endpoints = recorder
    everything = json.dumps(found.envelopes)
    assert "ingest " in everything
    secrets = [*endpoints.webhook_secrets.values(), endpoints.function_key, endpoints.admin_key]
    for word in (PAYLOAD, "sig=", "AccountKey", *secrets):
        assert word not in everything
    kinds = {envelope["data"]["baseType"] for envelope in found.envelopes}
    assert kinds == {"RemoteDependencyData", "MessageData", "MetricData"}
    names = {
        envelope["data"]["baseData"]["name"].split()[0]
        for envelope in found.envelopes
        if envelope["data"]["baseType"] == "RemoteDependencyData"
    }
    assert names <= {"ingest", "stream", "queue"}
