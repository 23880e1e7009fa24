"""Large bodies are framed in a thread: half a second of cutting in the event loop would stall every other request."""

import asyncio
from collections.abc import Callable

#: Bytes as they came, above which the thread's cost (about 0.1 ms) is small beside the work.
LARGE = 64 * 1024


async def off_loop[T](size: int, work: Callable[[], T]) -> T:
    """The work's result; it must be pure. Raises what it raises.

    Args:
        size: bytes that the work goes through, as they came.
        work: decompression, framing, or both.
    """
    return await asyncio.to_thread(work) if size > LARGE else work()
