"""HTTP requests at once and waiting, as host.json bounds them.

Azure/azure-functions-host, HttpRequestQueue.cs: ``maxConcurrentRequests`` run, ``maxOutstandingRequests`` run or
wait, the rest are refused with 429. On Linux neither is bounded unless host.json says so (HttpOptionsSetup.cs).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class TooManyRequestsError(Exception):
    """As many requests run and wait as ``maxOutstandingRequests`` allows."""


class Throttle:
    """A bounded room with a bounded queue before it; None means no bound."""

    def __init__(self, *, concurrent: int | None, outstanding: int | None) -> None:
        self._places = None if concurrent is None else asyncio.Semaphore(concurrent)
        self._outstanding_limit = outstanding
        self._outstanding = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place while a request runs; waits for one where the room is full.

        Raises:
            TooManyRequestsError: The queue is full too.
        """
        if self._outstanding_limit is not None and self._outstanding >= self._outstanding_limit:
            raise TooManyRequestsError
        self._outstanding += 1
        try:
            if self._places is None:
                yield
            else:
                async with self._places:
                    yield
        finally:
            self._outstanding -= 1
