"""The queue trigger.

Microsoft docs, functions-bindings-storage-queue-trigger: fields of the trigger metadata, ``<queue>-poison``.
"""

import json
import uuid
from datetime import UTC, datetime

from azure.storage.queue import QueueMessage

from local.functions import protos
from local.functions.bindings import Function, QueueTrigger
from local.functions.hostjson import QueueSettings
from local.functions.invocations import Ended, Invocations
from local.functions.polling import Follow, Follower, UnreadableEntryError
from local.functions.queuetext import decode
from local.functions.storage import Connections
from local.functions.worker import AppError, Call, Returned

# host.json's default of a minute is for a bill; nobody waits a minute on a laptop.
_LOCAL_MAX_PAUSE = 1.0


class QueueFront:
    """One queue function and the follower of its queue."""

    def __init__(
        self,
        function: Function,
        trigger: QueueTrigger,
        *,
        settings: QueueSettings,
        connections: Connections,
        invocations: Invocations,
    ) -> None:
        """Set up the follower.

        Raises:
            AppError: The connection is not set; names the function.
        """
        self._function = function
        self._trigger = trigger
        self._encoding = settings.encoding
        self._invocations = invocations
        try:
            service = connections.queues(trigger.connection)
        except AppError as problem:
            raise AppError(f"Function {function.name}: {problem}") from problem
        follow = Follow(
            queue=service.get_queue_client(trigger.queue),
            poison=lambda _entry: service.get_queue_client(f"{trigger.queue}-poison"),
            batch_size=settings.batch_size,
            parallel=settings.batch_size + settings.new_batch_threshold,
            max_dequeue_count=settings.max_dequeue_count,
            visibility_timeout=settings.visibility_timeout,
            max_pause=min(settings.max_polling_interval.total_seconds(), _LOCAL_MAX_PAUSE),
        )
        self.follower = Follower(follow, self._work)

    async def _work(self, entry: QueueMessage) -> bool:
        try:
            content = decode(entry.content, self._encoding)
        except ValueError as problem:
            raise UnreadableEntryError(str(problem)) from problem
        reason = f"New queue message detected on '{self._trigger.queue}', try {entry.dequeue_count}"
        return isinstance(await self._call(content, entry, reason), Returned)

    async def run(self, text: str) -> Ended:
        """Call the function by hand, with a text that stands in no queue."""
        now = datetime.now(UTC)
        entry = QueueMessage(content=text, id=str(uuid.uuid4()), dequeue_count=1, inserted_on=now, pop_receipt="")
        return await self._call(text.encode(), entry, "This function was called by hand.")

    async def _call(self, content: bytes, entry: QueueMessage, reason: str) -> Ended:
        text = content.decode("utf-8", "replace")
        data = protos.TypedData(bytes=content) if self._trigger.binary else protos.TypedData(string=text)
        call = Call(
            function_id=self._function.function_id,
            inputs={self._trigger.parameter: data},
            trigger_metadata=queue_metadata(entry, text),
        )
        return await self._invocations.run(self._function, call, reason)


def queue_metadata(entry: QueueMessage, text: str) -> dict[str, protos.TypedData]:
    """The trigger metadata of an entry."""
    metadata = {
        "QueueTrigger": protos.TypedData(string=text),
        "Id": protos.TypedData(string=entry.id),
        "PopReceipt": protos.TypedData(string=entry.pop_receipt),
        "DequeueCount": protos.TypedData(json=json.dumps(entry.dequeue_count)),
    }
    times = {
        "InsertionTime": entry.inserted_on,
        "ExpirationTime": entry.expires_on,
        "NextVisibleTime": entry.next_visible_on,
    }
    return metadata | {name: _time(moment) for name, moment in times.items() if moment is not None}


def _time(moment: datetime) -> protos.TypedData:
    return protos.TypedData(json=json.dumps(moment.isoformat()))
