"""An event loop in a thread of its own, so that synchronous clients can talk to servers of the same process."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine


class LoopThread:
    """Runs coroutines from the test's thread in one loop."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def run[T](self, work: Coroutine[Any, Any, T], within: float = 60.0) -> T:
        """Run to the end; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within)

    def __exit__(self, *_: object) -> None:
        async def settle() -> None:
            await asyncio.sleep(0.05)  # transports close in the next rounds of the loop
            await asyncio.get_running_loop().shutdown_default_executor()

        self.run(settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
