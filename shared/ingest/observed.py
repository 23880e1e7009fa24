"""The two endpoints of a cluster as the managed policy sees them: every request is counted, timed and traced."""

from shared.ingest.errors import classify, failure_of
from shared.ingest.managed import Queues, Streams
from shared.payload import Payload, Reference
from shared.telemetry.metrics import ACCEPTED, Key, count_attempt
from shared.telemetry.spans import Work, kusto_call

#: `result` of a request that was given up from our side: its time was over, or its caller is gone.
_GIVEN_UP = "given-up"


class ObservedStreams:
    """The engine endpoint; itself a `Streams`."""

    def __init__(self, behind: Streams) -> None:
        self._behind = behind

    async def send(self, payload: Payload, *, attempt: int, timeout: float) -> None:  # noqa: ASYNC109 - the SDK's own
        """One attempt; raises what the endpoint raises."""
        result = _GIVEN_UP
        with kusto_call(Work.STREAM, payload.target.entity, _traces(payload)) as facts:
            try:
                await self._behind.send(payload, attempt=attempt, timeout=timeout)
                result = ACCEPTED
            except Exception as error:
                result = classify(failure_of(error)).reason
                raise
            finally:
                count_attempt(payload.route, result)
                facts |= {Key.ROUTE: payload.route, Key.RESULT: result}


class ObservedQueues:
    """The ingestion endpoint; itself a `Queues`."""

    def __init__(self, behind: Queues) -> None:
        self._behind = behind

    async def queue(self, payload: Payload) -> None:
        """Queue by value; raises what the endpoint raises."""
        with kusto_call(Work.QUEUE, payload.target.entity, _traces(payload)) as facts:
            facts[Key.ROUTE] = payload.route
            await self._behind.queue(payload)

    async def queue_reference(self, reference: Reference) -> None:
        """Queue by reference; raises what the endpoint raises."""
        with kusto_call(Work.QUEUE, reference.target.entity, (reference.trace,)) as facts:
            facts[Key.ROUTE] = reference.route
            await self._behind.queue_reference(reference)


def _traces(payload: Payload) -> tuple[str, ...]:
    return tuple(part.trace for part in payload.parts) or (payload.trace,)
