"""The start of the application: configuration in, the object that the triggers call out."""

import logging
import traceback
from collections.abc import Awaitable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from shared.deadline import Clock, SystemClock
from shared.http.answer import Answer
from shared.http.api import HttpReply, render, render_json, render_problem
from shared.http.call import HttpCall
from shared.lifecycle import RETRY_AFTER, drain_on_sigterm
from shared.outcome import Code, Problem, not_found
from shared.payload import BlobName, poisoned_name
from shared.routing.route_file import RouteFileError, parse_routes
from shared.routing.routes import RouteTable
from shared.settings import Settings, SettingsError, parse_settings
from shared.storage.account import Account, parse_account
from shared.storage.names import LANDING_CONNECTION
from shared.storage.spool import wake_of
from shared.telemetry.export import Export

if TYPE_CHECKING:
    from shared.composition import Composition

_LOG = logging.getLogger(__name__)


_MISCONFIGURED = Problem(
    code=Code.MISCONFIGURED,
    detail="The application's settings or routes are not valid. Its operator finds the list at /api/health/ready.",
    retry_after=60.0,
)


class Application:
    """A configured application: what its triggers call."""

    def __init__(self, settings: Settings, routes: RouteTable, landing: Account, clock: Clock, export: Export) -> None:
        from shared.composition import Composition  # noqa: PLC0415 - a misconfigured app needs none of it

        self.settings = settings
        self.routes = routes
        self._parts = Composition(settings, routes, landing, clock)
        self._export = export
        drain_on_sigterm(self._parts.accounting.lifecycle, export.flush)

    async def ingest(self, call: HttpCall) -> HttpReply:
        """`POST /api/ingest/{route}[/{table}]`."""
        parts = await self._measured()
        leaving = self._leaving(call)
        if leaving is not None:
            return leaving
        operation, work = call.operation_id, parts.http.ingest(call)
        del call  # the stages let go of the body when they have framed it; so must whoever waits for them
        return await _answered(operation, work)

    async def hook(self, call: HttpCall) -> HttpReply:
        """`/api/hooks/{route}[/{table}]`."""
        if call.method != "POST":
            detail = "This webhook takes POST only: its scheme has no handshake."
            problem = Problem(code=Code.METHOD_NOT_ALLOWED, detail=detail, accepted=("POST",))
            return render_problem(problem, call.operation_id)
        parts = await self._measured()
        return self._leaving(call) or await _answered(call.operation_id, parts.http.hook(call))

    async def blob(self, blob: BlobName) -> None:
        """A blob event; raises when the host must keep it."""
        await (await self._measured()).blobs.ingest(blob)

    async def poisoned_blob(self, text: str) -> None:
        """A message of the host's poison queue: a blob that it gave up on."""
        await (await self._measured()).blobs.poisoned(poisoned_name(text))

    async def retry(self, text: str) -> None:
        """A message of the retry queue."""
        await (await self._measured()).retries.wake(wake_of(text))

    async def sweep(self) -> None:
        """Set lost alarms again."""
        count = await (await self._measured()).retries.sweep()
        if count:
            _LOG.warning("%d spooled payloads had lost their alarm", count)

    async def operation(self, operation: str, call_id: UUID) -> HttpReply:
        """`GET /api/operations/{id}`."""
        return await _answered(call_id, self._operation(operation, call_id))

    async def letters(self, call: HttpCall) -> HttpReply:
        """`/api/deadletters…`: `route` is the letter's id, `table` the action."""
        parts = await self._measured()
        return await _answered(call.operation_id, parts.letter_desk.answer(call))

    async def ready(self) -> HttpReply:
        """`GET /api/health/ready`."""
        from shared.desk.health import render_checks  # noqa: PLC0415 - only probes need it

        return render_checks(await self._parts.readiness.checks())

    async def close(self) -> None:
        """Close the clients of this loop. For tests and tools; a function app keeps them."""
        await self._parts.close()

    async def _measured(self) -> "Composition":
        """The parts, when what they do will be measured: the one door for all work."""
        await self._export.ready()
        return self._parts

    def _leaving(self, call: HttpCall) -> HttpReply | None:
        """The refusal of a process that is about to end."""
        if not self._parts.accounting.lifecycle.draining:
            return None
        detail = "This instance is about to end and takes no more work. Nothing is held: send it again."
        problem = Problem(code=Code.DRAINING, detail=detail, retry_after=RETRY_AFTER)
        return render_problem(problem, call.operation_id)

    async def _operation(self, operation: str, call_id: UUID) -> HttpReply:
        try:
            found = await self._parts.operations.find(UUID(operation))
        except ValueError:
            found = None
        return render_json(200, found) if found else render_problem(not_found("operation"), call_id)


async def _answered(operation_id: UUID, work: Awaitable[HttpReply | Answer]) -> HttpReply:
    """The answer, or a problem for what nobody foresaw: our bug.

    The log gets the kind of the error and where it came from, never its text: that may quote a URL with its SAS.
    """
    try:
        answer = await work
        return render(answer) if isinstance(answer, Answer) else answer
    except Exception as error:  # noqa: BLE001 - the last line: every caller gets a problem body
        frames = "".join(traceback.format_tb(error.__traceback__))
        _LOG.error("operation %s failed: %s\n%s", operation_id, type(error).__name__, frames)
        detail = "The application failed in a way that nobody foresaw. Send it again with the same key."
        problem = Problem(code=Code.INTERNAL, detail=detail, retry_after=10.0, maybe_committed=True)
        return render_problem(problem, operation_id)


class Misconfigured:
    """An application that cannot work: it says why, and takes nothing (docs/adr/0018)."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems

    async def ingest(self, call: HttpCall) -> HttpReply:
        """Refuse, held nowhere: the caller may send again when the application is mended."""
        return render_problem(_MISCONFIGURED, call.operation_id)

    hook = ingest
    letters = ingest

    async def operation(self, _operation: str, call_id: UUID) -> HttpReply:
        """Refuse: see `ingest`."""
        return render_problem(_MISCONFIGURED, call_id)

    async def ready(self) -> HttpReply:
        """`GET /api/health/ready`: every problem, in words for the operator."""
        checks = [{"name": "configuration", "status": "failed", "advice": problem} for problem in self.problems]
        return render_json(503, {"status": "failed", "checks": checks})


def start(env: MutableMapping[str, str], folder: Path, clock: Clock | None = None) -> Application | Misconfigured:
    """Read the configuration; every problem is logged and listed at once.

    Args:
        env: the app settings; the telemetry's set-up adds its own.
        folder: the application's folder, from which `ROUTES_FILE` is found.
        clock: the machine's, unless a test holds another.
    """
    export = Export(env)
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
        export.wait()  # the operator must find them where he looks
        for problem in problems:
            _LOG.error("configuration: %s", problem)
        return Misconfigured(tuple(problems))
    return Application(settings, routes, account, clock or SystemClock(), export)


def _read_routes(env: MutableMapping[str, str], folder: Path) -> RouteTable:
    path = folder / (env.get("ROUTES_FILE", "").strip() or "routes.toml")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        problem = f"ROUTES_FILE: {path.name} cannot be read ({why}). Put it beside function_app.py."
        raise RouteFileError((problem,)) from None
    return parse_routes(text, database=env.get("KUSTO_DATABASE", "").strip() or None, secrets=env)
