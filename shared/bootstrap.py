"""The composition root: the only place where adapters are built, once per process, and only when they are needed."""

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shared.deadline import Clock, SystemClock
from shared.http_api import HttpReply, render, render_json, render_problem
from shared.http_call import HttpCall
from shared.outcome import Code, Problem
from shared.payload import BlobName
from shared.route_file import RouteFileError, parse_routes
from shared.routes import RouteTable
from shared.settings import Settings, SettingsError, parse_settings
from shared.storage.account import LANDING_CONNECTION, Account, parse_account

if TYPE_CHECKING:
    from shared.blob_pipeline import BlobPipeline
    from shared.health import Readiness
    from shared.ingest.coalescer import Coalescer
    from shared.ingest.managed import ManagedIngestion
    from shared.kusto import KustoClients
    from shared.pipeline import HttpPipeline
    from shared.storage.landing import Landing
    from shared.storage.service import StorageService

_LOG = logging.getLogger(__name__)

#: The container whose blobs are ingested; the blob trigger and the infrastructure name it too.
LANDING_CONTAINER = "landing"


class Application:
    """A configured application."""

    def __init__(self, settings: Settings, routes: RouteTable, landing: Account, clock: Clock) -> None:
        self.settings = settings
        self.routes = routes
        self._landing_account = landing
        self._clock = clock

    async def ingest(self, call: HttpCall) -> HttpReply:
        """`POST /api/ingest/{route}[/{table}]`."""
        return render(await self._http.ingest(call))

    async def hook(self, call: HttpCall) -> HttpReply:
        """`/api/hooks/{route}[/{table}]`."""
        if call.method != "POST":
            detail = "This webhook takes POST only: its scheme has no handshake."
            return render_problem(
                Problem(code=Code.METHOD_NOT_ALLOWED, detail=detail, accepted=("POST",)), call.operation_id
            )
        return render(await self._http.hook(call))

    async def blob(self, blob: BlobName) -> None:
        """A blob event. Raises `BlobNotHeldError` when the host must keep it."""
        await self._blobs.ingest(blob)

    async def ready(self) -> HttpReply:
        """`GET /api/health/ready`."""
        from shared.health import Status  # noqa: PLC0415 - only probes need it

        checks = await self._readiness.checks()
        failed = any(check.status is Status.FAILED for check in checks)
        rows = [
            {"name": c.name, "status": c.status.value, **({"advice": c.advice} if c.advice else {})} for c in checks
        ]
        return render_json(503 if failed else 200, {"status": "failed" if failed else "ok", "checks": rows})

    async def close(self) -> None:
        """Close the clients of this loop. For tests and tools; a function app keeps them."""
        await self._kusto.close()
        await self._storage.close()

    # Imports stand inside: what a process never uses, it never pays for at cold start.

    @cached_property
    def _kusto(self) -> "KustoClients":
        from shared.kusto import KustoClients  # noqa: PLC0415

        return KustoClients(self.settings)

    @cached_property
    def _landing(self) -> "Landing":
        from shared.storage.landing import Landing  # noqa: PLC0415

        return Landing(self._storage, self.settings)

    @cached_property
    def _storage(self) -> "StorageService":
        from shared.storage.service import StorageService  # noqa: PLC0415

        return StorageService(self._landing_account, self.settings)

    @cached_property
    def _ingestion(self) -> "ManagedIngestion":
        from shared.ingest.managed import ManagedIngestion  # noqa: PLC0415
        from shared.ingest.queued import QueuedEndpoint  # noqa: PLC0415
        from shared.ingest.resources import IngestionResources  # noqa: PLC0415
        from shared.ingest.streaming import StreamingEndpoint  # noqa: PLC0415
        from shared.kusto import APPLICATION  # noqa: PLC0415

        resources = IngestionResources(self._kusto.ingestion, self._clock.monotonic)
        return ManagedIngestion(
            StreamingEndpoint(self._kusto.engine, application=APPLICATION),
            QueuedEndpoint(resources, application=APPLICATION),
            self._clock,
        )

    @cached_property
    def _gathering(self) -> "Coalescer":
        from shared.ingest.coalescer import Coalescer  # noqa: PLC0415

        return Coalescer(self._ingestion, self._clock)

    @cached_property
    def _http(self) -> "HttpPipeline":
        from shared.pipeline import HttpPipeline  # noqa: PLC0415

        return HttpPipeline(self.settings, self.routes, self._gathering, self._clock)

    @cached_property
    def _blobs(self) -> "BlobPipeline":
        from shared.blob_pipeline import BlobPipeline  # noqa: PLC0415

        return BlobPipeline(self.settings, self.routes, self._landing, self._gathering, self._ingestion, self._clock)

    @cached_property
    def _readiness(self) -> "Readiness":
        from shared.health import Readiness  # noqa: PLC0415

        return Readiness(
            self.routes, self._kusto.engine, lambda: self._landing.reachable(LANDING_CONTAINER), self._clock
        )


class Misconfigured:
    """An application that cannot work: it says why, and takes nothing (docs/adr/0018)."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems

    async def ingest(self, call: HttpCall) -> HttpReply:
        """Refuse, held nowhere: the caller may send again when the application is mended."""
        detail = "The application's settings or routes are not valid. Its operator finds the list at /api/health/ready."
        return render_problem(Problem(code=Code.MISCONFIGURED, detail=detail, retry_after=60.0), call.operation_id)

    hook = ingest

    async def ready(self) -> HttpReply:
        """`GET /api/health/ready`: every problem, in words for the operator."""
        checks = [{"name": "configuration", "status": "failed", "advice": problem} for problem in self.problems]
        return render_json(503, {"status": "failed", "checks": checks})


def start(env: Mapping[str, str], folder: Path, clock: Clock | None = None) -> Application | Misconfigured:
    """Read the configuration; every problem is logged and listed at once.

    Args:
        env: the app settings.
        folder: the application's folder, from which `ROUTES_FILE` is found.
        clock: the machine's, unless a test holds another.
    """
    problems: list[str] = []
    settings = account = routes = None
    try:
        settings = parse_settings(env)
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        account = parse_account(env, LANDING_CONNECTION)
    except SettingsError as error:
        problems.extend(error.problems)
    try:
        routes = _read_routes(env, folder)
    except RouteFileError as error:
        problems.extend(error.problems)
    if settings is None or account is None or routes is None:
        for problem in problems:
            _LOG.error("configuration: %s", problem)
        return Misconfigured(tuple(problems))
    return Application(settings, routes, account, clock or SystemClock())


def _read_routes(env: Mapping[str, str], folder: Path) -> RouteTable:
    path = folder / (env.get("ROUTES_FILE", "").strip() or "routes.toml")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problem = f"ROUTES_FILE: {path.name} cannot be read ({why}). Put it beside function_app.py."
        raise RouteFileError((problem,)) from None
    return parse_routes(text, database=env.get("KUSTO_DATABASE", "").strip() or None, secrets=env)
