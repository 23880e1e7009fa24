"""Where measurements, spans and logs go: Application Insights, through Azure Monitor's OpenTelemetry distribution.

Its import takes a quarter of a second, so it runs in a thread while the host goes on starting; the first piece of work
waits for it, because what is measured before the set-up is lost. Without a connection string nothing is loaded.
"""

import asyncio
import logging
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from threading import Thread

from shared import __version__

_LOG = logging.getLogger(__name__)

#: The host's own setting; `APPLICATIONINSIGHTS_AUTHENTICATION_STRING` beside it makes the exporter use the identity.
CONNECTION = "APPLICATIONINSIGHTS_CONNECTION_STRING"
_DETECTORS = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
#: Everything that the distribution would instrument by itself. All of it is off: those spans would quote URLs, and a
#: queued source's URL carries a SAS. What is worth a span has one of ours.
INSTRUMENTATIONS = (
    "azure_sdk",
    "django",
    "fastapi",
    "flask",
    "httpx",
    "httpx2",
    "psycopg2",
    "requests",
    "urllib",
    "urllib3",
)
#: Seconds that work waits for the set-up, at most: measuring must not stop what it measures.
PATIENCE = 3.0


def _configure(env: MutableMapping[str, str]) -> None:
    # As the worker's own set-up does (azure-functions-runtime 1.3.0, otel.py): the default asks a metadata endpoint
    # that a function app does not have.
    env.setdefault(_DETECTORS, "azure_functions")
    try:
        from azure.monitor.opentelemetry import configure_azure_monitor  # noqa: PLC0415 - a quarter of a second
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above

        logging.getLogger("shared").setLevel(logging.INFO)
        logging.getLogger("azure").setLevel(logging.WARNING)  # the exporter tells of every transmission
        configure_azure_monitor(
            connection_string=env[CONNECTION],
            logger_name="shared",
            resource=Resource({"service.version": __version__}),
            instrumentation_options={name: {"enabled": False} for name in INSTRUMENTATIONS},
            enable_live_metrics=False,
            enable_performance_counters=False,
            disable_offline_storage=True,
        )
    except Exception as error:  # noqa: BLE001 - data goes its way without being measured
        _LOG.error("telemetry is not exported: %s. Check %s.", type(error).__name__, CONNECTION)


class Export:
    """The set-up of this process, begun at once. `patience` is how long work waits for it, in seconds."""

    def __init__(
        self,
        env: MutableMapping[str, str],
        set_up: Callable[[MutableMapping[str, str]], None] = _configure,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._thread: Thread | None = None
        if env.get(CONNECTION, "").strip():
            self._thread = Thread(target=set_up, args=(env,), name="telemetry", daemon=True)
            self._thread.start()

    async def ready(self) -> None:
        """Wait until what is measured from now on is kept, but not for ever."""
        if self._thread is not None:
            await asyncio.to_thread(self.wait)

    def wait(self) -> None:
        """As `ready`, where there is no loop yet."""
        thread = self._thread  # several may wait at once, and the first to return forgets it
        if thread is not None:
            thread.join(self._patience)
            self._thread = None

    def flush(self) -> None:
        """Send what was measured; for a process that is about to end."""
        from opentelemetry import metrics, trace  # noqa: PLC0415 - as in metrics.py

        for provider in (metrics.get_meter_provider(), trace.get_tracer_provider()):
            force_flush = getattr(provider, "force_flush", None)  # the API's own providers keep nothing
            if force_flush is not None:
                with suppress(Exception):
                    force_flush(2_000)
