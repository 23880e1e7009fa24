"""A case through the official client of PyPI, as its documentation shows it: one `ManagedStreamingIngestClient`."""

import gzip
import io
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from azure.kusto.data import DataFormat as SdkFormat
from azure.kusto.data import KustoConnectionStringBuilder
from azure.kusto.ingest import IngestionProperties, ManagedStreamingIngestClient, StreamDescriptor

from local.kusto.faults.effects import Endpoint
from local.managed_table.body import Body
from local.managed_table.facts import STILL_WAITING, Fact
from local.managed_table.stage import Stage

#: Seconds after which a case is left as it is: three temp containers of 85 s each are the longest wait known.
BOUND: Final = 200.0


def run(stage: Stage) -> Fact:
    """Run a case whose stage is prepared; `times` is still to be counted, when all has settled."""
    case = stage.case
    connection = KustoConnectionStringBuilder.with_no_authentication(stage.scene.url)
    with ManagedStreamingIngestClient(connection, connection) as client:
        if case.before:
            with stage.under(case.before.condition):
                for _ in range(case.before.payloads):
                    _bounded(lambda: _ingest(client, stage, stage.earlier))
            time.sleep(case.before.wait)
        with stage.under(case.condition):
            stage.scene.faults.forget()
            started = time.monotonic()
            answer = _bounded(lambda: _ingest(client, stage, stage.body))
            seconds = time.monotonic() - started
            dm = stage.requests().count(Endpoint.DM)
    return Fact(answer=answer, stream=len(stage.streams()), dm=dm, times=0, seconds=round(seconds, 1))


def _ingest(client: ManagedStreamingIngestClient, stage: Stage, body: Body) -> str:
    content = gzip.compress(body.content) if stage.case.gzipped else body.content
    target = stage.target
    sdk_format = SdkFormat[target.data_format.upper()]
    properties = IngestionProperties(
        database=target.database,
        table=target.table,
        data_format=sdk_format,
        ingestion_mapping_kind=sdk_format.ingestion_mapping_kind if target.mapping else None,
        ingestion_mapping_reference=target.mapping,
    )
    descriptor = StreamDescriptor(io.BytesIO(content), is_compressed=stage.case.gzipped)
    try:
        result: Any = client.ingest_from_stream(descriptor, properties)
    except Exception as error:  # noqa: BLE001 - which exception it is, is what the table tells
        return type(error).__name__
    return "None" if result is None else str(result.status.name)


def _bounded(work: Callable[[], str]) -> str:
    """What the work comes to, or that it came to nothing in time; then its thread ends with the process."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(work()), daemon=True)
    thread.start()
    thread.join(BOUND)
    return answers[0] if answers else STILL_WAITING
