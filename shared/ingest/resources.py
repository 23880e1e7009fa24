"""What the ingestion endpoint lends us: temporary containers, queues and an authorization context, all short-lived.

The SDK fetches them (azure-kusto-ingest 6.0.4, _resource_manager.py), without a lock and without keeping the old ones
when a refresh fails. Both are done here. Synchronous: runs in the queued executor only.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: Seconds after which fresh resources are asked for. Their SAS live for hours; the docs ask for a refresh each hour.
REFRESH_AFTER = 30 * 60.0
#: Seconds for which old resources are still used while the refresh fails.
USABLE_FOR = 2 * 60 * 60.0


class NoResourcesError(RuntimeError):
    """The ingestion endpoint answered without containers or queues, so nothing can be queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """One set, as the SDK ranked it. Every item carries a SAS: never log it."""

    containers: Sequence[Any]
    queues: Sequence[Any]
    authorization: str
    fetched: float

    def __repr__(self) -> str:
        return f"Resources({len(self.containers)} containers, {len(self.queues)} queues)"


class IngestionResources:
    """The cached set of one ingestion endpoint."""

    def __init__(self, build_client: Callable[[], Any], monotonic: Callable[[], float]) -> None:
        self._build_client = build_client
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._manager: Any = None
        self._current: Resources | None = None

    def current(self) -> Resources:
        """The set to use now.

        Raises:
            NoResourcesError: when the service gives no containers or no queues.
            Exception: the SDK's, when there is no usable set and none can be fetched.
        """
        with self._lock:
            age = self._monotonic() - self._current.fetched if self._current else USABLE_FOR
            if self._current is None or age >= REFRESH_AFTER:
                self._current = self._refreshed(age)
            return self._current

    def forget(self) -> None:
        """Ask again next time: none of the lent resources worked."""
        with self._lock:
            self._current = None
            self._manager = None

    def _refreshed(self, age: float) -> Resources:
        try:
            return self._fetch()
        except Exception:
            if self._current is not None and age < USABLE_FOR:
                return self._current
            raise

    def _fetch(self) -> Resources:
        # A new manager each time: the SDK's own keeps its answer for an hour.
        manager = self._build_client()._resource_manager  # noqa: SLF001 - the SDK has no public way to its resources
        containers, queues = manager.get_containers(), manager.get_ingestion_queues()
        if not containers or not queues:
            # The SDK would answer None here, and callers would take that for success.
            raise NoResourcesError("The ingestion endpoint lends no containers or no queues.")
        return Resources(
            containers=containers,
            queues=queues,
            authorization=manager.get_authorization_context(),
            fetched=self._monotonic(),
        )
