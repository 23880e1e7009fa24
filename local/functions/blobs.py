"""The blob trigger with the Event Grid source: webhook in, host queue between, function out.

As in Azure/azure-sdk-for-net (Microsoft.Azure.WebJobs.Extensions.Storage.Blobs): the webhook checks neither the
event type nor the trigger's path, the function sees the blob as it is now, a blob that is gone is success, and after
``poisonBlobThreshold`` tries the reference goes to ``webjobs-blobtrigger-poison`` in the watched account.
"""

import json
import logging
from collections.abc import Iterable
from datetime import timedelta

from aiohttp import web
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.functions import protos
from local.functions.bindings import BlobTrigger, Function
from local.functions.events import BlobReference, parse_events, path_values, validation_code
from local.functions.hostjson import BlobSettings, Encoding
from local.functions.invocations import Invocations
from local.functions.polling import Follow, Follower, UnreadableEntryError, add
from local.functions.queuetext import decode, encode
from local.functions.storage import HOST_CONNECTION, Connections
from local.functions.worker import AppError, Call, Returned

logger = logging.getLogger("host.blobs")

POISON_QUEUE = "webjobs-blobtrigger-poison"


class BlobFront:
    """All blob functions of the app: one webhook, one host queue, one follower."""

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        settings: BlobSettings,
        connections: Connections,
        invocations: Invocations,
        host_id: str,
    ) -> None:
        """Check the connections and set up the follower.

        Raises:
            AppError: A connection is not set; names the function.
        """
        self._connections = connections
        self._invocations = invocations
        self._functions: dict[str, tuple[Function, BlobTrigger]] = {}
        for function in functions:
            if isinstance(function.trigger, BlobTrigger) and not function.disabled:
                self._functions[function.host_name] = (function, function.trigger)
                self._check(function, function.trigger)
        self._queue = connections.queues(HOST_CONNECTION).get_queue_client(f"azure-webjobs-blobtrigger-{host_id}")
        follow = Follow(
            queue=self._queue,
            poison=self._poison,
            batch_size=settings.max_degree_of_parallelism,
            parallel=settings.max_degree_of_parallelism,
            max_dequeue_count=settings.poison_threshold,
            visibility_timeout=timedelta(),
            max_pause=1.0,
        )
        self.follower = Follower(follow, self._work)

    def _check(self, function: Function, trigger: BlobTrigger) -> None:
        try:
            self._connections.blobs(trigger.connection)
        except AppError as problem:
            raise AppError(f"Function {function.name}: {problem}") from problem

    async def webhook(self, function: str | None, event_type: str | None, body: bytes) -> web.Response:
        """Answer a POST of Event Grid (its key was checked before).

        Args:
            function: Query parameter ``functionName``.
            event_type: Header ``aeg-event-type``.
            body: One event or a list of them.
        """
        if function not in self._functions:
            return _text(404, f"cannot find function: '{function}'. Known are: {', '.join(self._functions) or 'none'}.")
        try:
            events = parse_events(body)
            match (event_type or "").lower():
                case "subscriptionvalidation":
                    return web.json_response({"validationResponse": validation_code(events)})
                case "notification":
                    return await self._notified([BlobReference.from_event(event, function) for event in events])
                case "unsubscribe":
                    return web.Response(status=202)
                case _:
                    return _text(400, "The header aeg-event-type must be SubscriptionValidation or Notification.")
        except ValueError as problem:
            return _text(400, f"{problem} Post one event or a list of events.")

    async def _notified(self, references: list[BlobReference]) -> web.Response:
        try:
            for reference in references:
                await add(self._queue, encode(reference.to_json(), Encoding.BASE64))
        except AzureError as error:
            logger.warning("Events were not queued: %s", error)
            return _text(500, "The host's storage queue did not take the events. Is Azurite running? Send them again.")
        self.follower.wake()
        return web.Response(status=202)

    async def _work(self, entry: QueueMessage) -> bool:
        reference = _reference(entry)
        return await self.run(reference, f"New blob detected(EventGrid), try {entry.dequeue_count}")

    async def run(self, reference: BlobReference, reason: str) -> bool:
        """Call the function for one blob; False when the function failed."""
        if reference.function not in self._functions:
            logger.warning("Blob event for %s dropped: the app has no such function.", reference.function)
            return True
        function, trigger = self._functions[reference.function]
        blob = self._connections.blobs(trigger.connection).get_blob_client(reference.container, reference.name)
        try:
            properties = await blob.get_blob_properties()
            given = await _given(blob, trigger, reference)
        except ResourceNotFoundError:
            logger.info("Blob %s/%s is gone; nothing to do.", reference.container, reference.name)
            return True
        call = Call(
            function_id=function.function_id,
            inputs={trigger.parameter: given},
            trigger_metadata=_metadata(blob, trigger, reference, properties),
        )
        ended = await self._invocations.run(function, call, f"{reason}: {reference.container}/{reference.name}")
        return isinstance(ended, Returned)

    def _poison(self, entry: QueueMessage) -> QueueClient:
        try:
            _, trigger = self._functions[_reference(entry).function]
        except (UnreadableEntryError, KeyError):
            service = self._connections.queues(HOST_CONNECTION)
        else:
            service = self._connections.poison_queues(trigger.connection)
        return service.get_queue_client(POISON_QUEUE)


def _reference(entry: QueueMessage) -> BlobReference:
    try:
        return BlobReference.from_json(decode(entry.content, Encoding.BASE64))
    except ValueError as problem:
        raise UnreadableEntryError(str(problem)) from problem


async def _given(blob: BlobClient, trigger: BlobTrigger, reference: BlobReference) -> protos.TypedData:
    if not trigger.deferred:
        download = await blob.download_blob()
        return protos.TypedData(bytes=await download.readall())
    content = {"Connection": trigger.connection, "ContainerName": reference.container, "BlobName": reference.name}
    return protos.TypedData(
        model_binding_data=protos.ModelBindingData(
            version="1.0",
            source="AzureStorageBlobs",
            content_type="application/json",
            content=json.dumps(content).encode(),
        )
    )


def _metadata(
    blob: BlobClient, trigger: BlobTrigger, reference: BlobReference, properties: BlobProperties
) -> dict[str, protos.TypedData]:
    path = f"{reference.container}/{reference.name}"
    facts = {
        "ContentLength": properties.size,
        "ContentType": properties.content_settings.content_type,
        "ContentEncoding": properties.content_settings.content_encoding,
        "ETag": str(properties.etag).strip('"'),
        "LastModified": properties.last_modified.isoformat(),
        "BlobType": 0,
    }
    metadata = {
        "BlobTrigger": protos.TypedData(string=path),
        "Uri": protos.TypedData(json=json.dumps(blob.url)),
        "Properties": protos.TypedData(json=json.dumps(facts)),
        "Metadata": protos.TypedData(json=json.dumps(properties.metadata or {})),
    }
    return metadata | {name: protos.TypedData(string=text) for name, text in path_values(trigger.path, path).items()}


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text)
