"""Queue entries that are being worked on: hidden while we live, visible again soon after we die."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import AzureError, ResourceNotFoundError

if TYPE_CHECKING:
    from local.kusto.dm.storage import Storage

_log = logging.getLogger(__name__)

LEASE: Final = 60
"""Seconds an entry stays hidden after its last renewal: how long a crash delays it."""


@dataclass(slots=True, kw_only=True)
class Lease:
    """One hidden entry."""

    queue: str
    entry_id: str
    receipt: str
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Leases:
    """Renews what is held and removes what is done."""

    def __init__(self, storage: Storage, seconds: int = LEASE) -> None:
        self._storage = storage
        self.seconds = seconds
        self._held: dict[str, Lease] = {}

    def hold(self, queue: str, entry_id: str, receipt: str) -> Lease:
        """Begin to renew an entry that was just received."""
        lease = Lease(queue=queue, entry_id=entry_id, receipt=receipt)
        self._held[entry_id] = lease
        return lease

    async def complete(self, lease: Lease) -> None:
        """Remove the entry for good; the last step, after the rows are in and the reports are written."""
        self._held.pop(lease.entry_id, None)
        async with lease.lock:
            try:
                await self._storage.queue(lease.queue).delete_message(lease.entry_id, lease.receipt)
            except AzureError as error:
                _log.warning("ingestion.lease_lost %s: it may be ingested twice", type(error).__name__)

    async def release(self) -> None:
        """Make everything that is held visible at once, for whoever reads the queue next."""
        for lease in list(self._held.values()):
            await self._renew(lease, 0)
        self._held.clear()

    async def keep(self) -> None:
        """Renew all held entries for ever; run it as a task."""
        while True:
            await asyncio.sleep(self.seconds / 3)
            for lease in list(self._held.values()):
                await self._renew(lease, self.seconds)

    async def _renew(self, lease: Lease, seconds: int) -> None:
        async with lease.lock:
            if lease.entry_id not in self._held:
                return
            client = self._storage.queue(lease.queue)
            try:
                entry = await client.update_message(lease.entry_id, lease.receipt, visibility_timeout=seconds)
            except ResourceNotFoundError:
                self._held.pop(lease.entry_id, None)  # another reader has it now
            except AzureError as error:
                _log.warning("ingestion.lease_not_renewed %s", type(error).__name__)
            else:
                lease.receipt = str(entry.pop_receipt)
