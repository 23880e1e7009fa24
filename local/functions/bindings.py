"""What the app declares: raw bindings (JSON of the worker's indexing) parsed into one trigger per function.

Binding fields: Microsoft docs, functions-bindings-{http-webhook,storage-blob,storage-queue,timer}-trigger.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.functions.schedule import Schedule, ScheduleError
from local.functions.worker import AppError, IndexedFunction

_SETTING = re.compile(r"%([^%\s]+)%")
_SUPPORTED = "httpTrigger, blobTrigger, queueTrigger, timerTrigger, and http as output"


class AuthLevel(StrEnum):
    """Who may call an HTTP function."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTrigger:
    """``route`` is the template below the route prefix; ``methods`` None means all."""

    parameter: str
    route: str
    methods: frozenset[str] | None
    level: AuthLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobTrigger:
    """A blob trigger with the Event Grid source.

    Attributes:
        path: ``container/pattern``, settings resolved.
        connection: Name of the app setting (or prefix of settings) of the account that is watched.
        deferred: The parameter takes an SDK type, so it gets a reference and not the bytes.
    """

    parameter: str
    path: str
    connection: str
    deferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrigger:
    """``binary``: the function asked for the bytes of the text (``data_type=BINARY``)."""

    parameter: str
    queue: str
    connection: str
    binary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTrigger:
    """A schedule in UTC."""

    parameter: str
    schedule: Schedule
    run_on_startup: bool


type Trigger = HttpTrigger | BlobTrigger | QueueTrigger | TimerTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that the host can run; ``retries``: it declares a function-level retry policy."""

    name: str
    function_id: str
    trigger: Trigger
    disabled: bool = False
    retries: bool = False

    @property
    def host_name(self) -> str:
        """The name that storage queues and Event Grid subscriptions use."""
        return f"Host.Functions.{self.name}"


def parse_functions(indexed: Iterable[IndexedFunction], env: Mapping[str, str]) -> tuple[Function, ...]:
    """Every declared function, typed.

    Raises:
        AppError: All problems of all functions at once: an unsupported binding, an app setting that is not set, a
            bad schedule, two functions with one name.
    """
    functions: list[Function] = []
    problems: list[str] = []
    for entry in indexed:
        try:
            functions.append(_function(entry, env))
        except AppError as problem:
            problems.append(f"- {entry.name}: {problem}")
    if problems:
        raise AppError("The app declares what the local host cannot run:\n" + "\n".join(problems))
    return tuple(functions)


def resolve_settings(text: str, env: Mapping[str, str]) -> str:
    """Replace every ``%NAME%`` by that app setting.

    Raises:
        AppError: A named setting is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in env:
            raise AppError(f"'{text}' needs the app setting {name}, which is not set. Give it with --env {name}=…")
        return env[name]

    return _SETTING.sub(value, text)


def _function(entry: IndexedFunction, env: Mapping[str, str]) -> Function:
    trigger: Trigger | None = None
    for text in entry.raw_bindings:
        raw: dict[str, Any] = json.loads(text)
        kind = str(raw.get("type", ""))
        if kind == "http" and str(raw.get("direction", "")).upper() == "OUT":
            continue
        trigger = _trigger(kind, raw, entry.name, env)
    if trigger is None:
        raise AppError("it has no trigger.")
    disabled = env.get(f"AzureWebJobs.{entry.name}.Disabled", env.get(f"AzureWebJobs_{entry.name}_Disabled", ""))
    return Function(
        name=entry.name,
        function_id=entry.function_id,
        trigger=trigger,
        disabled=disabled.lower() in {"1", "true"},
        retries=entry.retries,
    )


def _trigger(kind: str, raw: Mapping[str, Any], function: str, env: Mapping[str, str]) -> Trigger:
    match kind:
        case "httpTrigger":
            return _http(raw, function, env)
        case "blobTrigger":
            return _blob(raw, env)
        case "queueTrigger":
            return QueueTrigger(
                parameter=raw["name"],
                queue=resolve_settings(raw["queueName"], env),
                connection=raw.get("connection") or "AzureWebJobsStorage",
                binary=raw.get("dataType") == "BINARY",
            )
        case "timerTrigger":
            return _timer(raw, env)
        case _:
            raise AppError(
                f"its binding '{raw.get('name')}' is of type {kind}; the local host runs {_SUPPORTED}. "
                "For other bindings use Core Tools (func start)."
            )


def _http(raw: Mapping[str, Any], function: str, env: Mapping[str, str]) -> HttpTrigger:
    methods = raw.get("methods")
    return HttpTrigger(
        parameter=raw["name"],
        route=resolve_settings(raw.get("route") or function, env).strip("/"),
        methods=frozenset(str(method).upper() for method in methods) if methods else None,
        level=AuthLevel(str(raw.get("authLevel") or AuthLevel.FUNCTION).lower()),
    )


def _blob(raw: Mapping[str, Any], env: Mapping[str, str]) -> BlobTrigger:
    if raw.get("source") != "EventGrid":
        raise AppError(
            f"its blob trigger has source {raw.get('source') or 'LogsAndContainerScan (the default)'}; the local host "
            "delivers events only, as Flex Consumption does. Set source='EventGrid'."
        )
    path = resolve_settings(raw["path"], env).strip("/")
    if not path:
        raise AppError("its blob trigger has an empty path. Write container/{name}.")
    return BlobTrigger(
        parameter=raw["name"],
        path=path,
        connection=raw.get("connection") or "AzureWebJobsStorage",
        deferred=bool((raw.get("properties") or {}).get("SupportsDeferredBinding")),
    )


def _timer(raw: Mapping[str, Any], env: Mapping[str, str]) -> TimerTrigger:
    text = resolve_settings(raw["schedule"], env)
    try:
        schedule = Schedule.parse(text)
    except ScheduleError as problem:
        raise AppError(str(problem)) from problem
    return TimerTrigger(parameter=raw["name"], schedule=schedule, run_on_startup=bool(raw.get("runOnStartup")))
