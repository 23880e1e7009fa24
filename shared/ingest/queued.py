"""Queued ingestion: a blob and a message to Kusto's batching manager, by value or by reference.

Built from azure-kusto-ingest's parts rather than its `ingest_from_stream`: that call re-reads a spent stream on the
second container and so queues an empty blob as success (6.0.4, ingest_client.py, `upload_blob`), waits 85 s for one
dead container, and returns None where there is no queue. Here each try gets its own bytes and a few seconds.
"""

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.framing.formats import DataFormat, Framing, framing_of
from shared.ingest.resources import IngestionResources, Resources
from shared.payload import Payload, Reference
from shared.routing.routes import Tagging, Target

_GZIP_LEVEL = 1
_TRIES = 3  # containers or queues, as in the SDK
_CONNECT_TIMEOUT = 5  # seconds
_SERVER_ERROR = 500
_READ_TIMEOUT = 20  # seconds without a byte


class NotQueuedError(RuntimeError):
    """No container took the blob, or no queue confirmed the message (then it may have arrived all the same)."""

    def __init__(self, message: str, *, maybe_committed: bool) -> None:
        super().__init__(message)
        self.maybe_committed = maybe_committed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A blob on its way to the batching manager."""

    uri: str
    source_id: UUID
    target: Target
    data_format: DataFormat
    raw_size: int | None
    tagging: Tagging
    ignore_first_record: bool = False


class QueuedEndpoint:
    """Hands payloads and references to the batching manager; runs the synchronous SDK in a few threads."""

    def __init__(self, resources: IngestionResources, *, application: str, threads: int = 4) -> None:
        self._resources = resources
        self._application = application
        self._threads = threads
        self._executor: ThreadPoolExecutor | None = None

    async def queue(self, payload: Payload) -> None:
        """Queue by value. Returns when the message is in Kusto's queue, the blob behind it complete.

        Raises:
            NotQueuedError: when every container or queue refused.
            Exception: the SDK's, when resources cannot be fetched.
        """
        await self._run(self._queue_value, payload)

    async def queue_reference(self, reference: Reference) -> None:
        """Queue a blob where it lies. Raises as `queue`."""
        await self._run(self._queue_reference, reference)

    def close(self) -> None:
        """Wait for what is under way and end the threads. For tests and tools; a function app keeps them."""
        if self._executor is not None:
            self._executor.shutdown()
            self._executor = None

    async def _run[T](self, work: Callable[[T], None], item: T) -> None:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._threads, thread_name_prefix="queued")
        await asyncio.get_running_loop().run_in_executor(self._executor, work, item)

    def _queue_value(self, payload: Payload) -> None:
        content, suffix = _packed(payload)
        if not content:
            raise NotQueuedError("There is nothing to queue.", maybe_committed=False)
        resources = self._resources.current()
        target = payload.target
        name = f"{target.database}__{target.table}__{payload.source_id}__{payload.route}{suffix}"
        uri = self._first(resources.containers, lambda container: _put(container, name, content), commits=False)
        source = _Source(
            uri=uri,
            source_id=payload.source_id,
            target=target,
            data_format=payload.records.data_format,
            raw_size=payload.raw_size,
            tagging=payload.tagging,
        )
        self._enqueue(resources, source)

    def _queue_reference(self, reference: Reference) -> None:
        source = _Source(
            uri=reference.uri,
            source_id=reference.source_id,
            target=reference.target,
            data_format=reference.target.data_format,
            raw_size=reference.raw_size,
            tagging=reference.tagging,
            ignore_first_record=reference.ignore_first_record,
        )
        self._enqueue(self._resources.current(), source)

    def _enqueue(self, resources: Resources, source: _Source) -> None:
        info = _message(resources, self._application, source)
        self._first(resources.queues, lambda queue: _post(queue, info), commits=True)

    def _first[T](self, places: Any, work: Callable[[Any], T], *, commits: bool) -> T:
        """Do the work at the first place that takes it; `commits` when the work hands the records over."""
        failures: list[Exception] = []
        for place in places[:_TRIES]:
            try:
                return work(place)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with this place, the next one is tried
                failures.append(error)
        self._resources.forget()
        kinds = ", ".join(sorted({type(error).__name__ for error in failures}))
        # Not `from failures[-1]`: storage errors quote URLs with their SAS.
        unsure = commits and any(_in_doubt(error) for error in failures)
        raise NotQueuedError(f"None of {len(failures)} places took it ({kinds}).", maybe_committed=unsure) from None


def _in_doubt(error: Exception) -> bool:
    """Whether a storage call that failed may have been carried out all the same."""
    from azure.core.exceptions import HttpResponseError, ServiceRequestError  # noqa: PLC0415 - loaded by now

    if isinstance(error, HttpResponseError):
        return error.status_code is None or error.status_code >= _SERVER_ERROR
    return not isinstance(error, ServiceRequestError)  # the connection itself failed: nothing was sent


def _packed(payload: Payload) -> tuple[bytes, str]:
    """The bytes to store and the suffix that names their compression (Kusto goes by the name)."""
    data_format, content = payload.records.data_format, payload.records.content
    if framing_of(data_format) is Framing.BINARY:
        return content, f".{data_format}"
    return gzip.compress(content, _GZIP_LEVEL, mtime=0), f".{data_format}.gz"


def _put(container: Any, name: str, content: bytes) -> str:
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - imported when the first payload is queued

    with BlobServiceClient(
        container.account_uri, retry_total=0, connection_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT
    ) as service:
        blob = service.get_blob_client(container.object_name, name)
        blob.upload_blob(content, length=len(content), overwrite=True)
        return str(blob.url)


def _post(queue: Any, info: str) -> None:
    from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy  # noqa: PLC0415 - as above

    with (
        QueueServiceClient(
            queue.account_uri, retry_total=0, connection_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT
        ) as service,
        service.get_queue_client(queue.object_name, message_encode_policy=TextBase64EncodePolicy()) as client,
    ):
        client.send_message(info)


def _message(resources: Resources, application: str, source: _Source) -> str:
    """The message to the batching manager, as the SDK writes it (docs: "Ingestion without the client library")."""
    from azure.kusto.data import DataFormat as SdkFormat  # noqa: PLC0415 - as above
    from azure.kusto.ingest import BlobDescriptor, IngestionProperties  # noqa: PLC0415
    from azure.kusto.ingest.ingestion_blob_info import IngestionBlobInfo  # noqa: PLC0415

    sdk_format = SdkFormat[source.data_format.upper()]
    target, once = source.target, [str(source.source_id)] if source.tagging.once else None
    properties = IngestionProperties(
        database=target.database,
        table=target.table,
        data_format=sdk_format,
        ingestion_mapping_kind=sdk_format.ingestion_mapping_kind if target.mapping else None,
        ingestion_mapping_reference=target.mapping,
        ignore_first_record=source.ignore_first_record,
        additional_tags=list(source.tagging.tags) or None,
        ingest_by_tags=once,
        ingest_if_not_exists=once,
        additional_properties={},
    )
    info = IngestionBlobInfo(
        BlobDescriptor(source.uri, source.raw_size, source.source_id),
        ingestion_properties=properties,
        auth_context=resources.authorization,
        application_for_tracing=application,
        client_version_for_tracing=application,
    )
    return str(info.to_json())  # type: ignore[no-untyped-call] # the SDK's method has no annotations
