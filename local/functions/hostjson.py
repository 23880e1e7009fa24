"""host.json and its overrides, parsed into the few settings that the local host obeys.

Microsoft docs, functions-host-json; overrides ``AzureFunctionsJobHost__section__key`` (functions-app-settings).
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from local.functions.worker import AppError

_OVERRIDE = "AzureFunctionsJobHost__"
_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?")
_DEFAULT_BODY_LIMIT = 104_857_600


class Encoding(StrEnum):
    """How texts stand in a storage queue."""

    BASE64 = "base64"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The http section; None means unbounded, as on Linux. ``body_limit`` is in bytes as sent."""

    route_prefix: str
    max_concurrent: int | None
    max_outstanding: int | None
    body_limit: int
    custom_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobSettings:
    """The blobs section: calls at once over all blob functions, and tries before the poison queue."""

    max_degree_of_parallelism: int
    poison_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """The queues section."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: timedelta
    max_polling_interval: timedelta
    encoding: Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Everything that the host takes from host.json and the environment."""

    http: HttpSettings
    blobs: BlobSettings
    queues: QueueSettings
    function_timeout: timedelta | None
    log_levels: Mapping[str, str]

    @classmethod
    def load(cls, app_dir: Path, env: Mapping[str, str]) -> Self:
        """Read ``host.json`` of the app (may be absent) under the overrides of ``env``.

        Raises:
            AppError: It is no JSON, or a value has the wrong type; names the key.
        """
        path = app_dir / "host.json"
        try:
            tree = json.loads(path.read_text("utf-8-sig")) if path.is_file() else {}
        except ValueError as problem:
            raise AppError(f"{path} is not JSON: {problem}") from problem
        if not isinstance(tree, dict):
            raise AppError(f"{path} must hold one JSON object.")
        return cls.parse(tree, env)

    @classmethod
    def parse(cls, tree: Mapping[str, Any], env: Mapping[str, str], *, cores: int | None = None) -> Self:
        """Settings from a parsed host.json.

        Raises:
            AppError: A value has the wrong type or range; names the key.
        """
        read = _Reader(tree, env)
        cores = cores or os.cpu_count() or 1
        return cls(
            http=HttpSettings(
                route_prefix=read.text("extensions.http.routePrefix", "api").strip("/"),
                max_concurrent=read.bound("extensions.http.maxConcurrentRequests"),
                max_outstanding=read.bound("extensions.http.maxOutstandingRequests"),
                body_limit=_body_limit(env),
                custom_headers=read.texts("extensions.http.customHeaders"),
            ),
            blobs=BlobSettings(
                max_degree_of_parallelism=read.count("extensions.blobs.maxDegreeOfParallelism", 8 * cores),
                poison_threshold=read.count("extensions.blobs.poisonBlobThreshold", 5),
            ),
            queues=QueueSettings(
                batch_size=min(read.count("extensions.queues.batchSize", 16), 32),
                new_batch_threshold=read.count("extensions.queues.newBatchThreshold", 8 * cores),
                max_dequeue_count=read.count("extensions.queues.maxDequeueCount", 5),
                visibility_timeout=read.span("extensions.queues.visibilityTimeout") or timedelta(),
                max_polling_interval=read.span("extensions.queues.maxPollingInterval") or timedelta(minutes=1),
                encoding=_encoding(read.text("extensions.queues.messageEncoding", "base64")),
            ),
            function_timeout=read.span("functionTimeout"),
            log_levels=read.texts("logging.logLevel"),
        )


class _Reader:
    """Values by dotted name: the environment's override first, then the file."""

    def __init__(self, tree: Mapping[str, Any], env: Mapping[str, str]) -> None:
        self._tree = tree
        self._overrides = {
            name.removeprefix(_OVERRIDE).replace("__", ".").lower(): value
            for name, value in env.items()
            if name.startswith(_OVERRIDE)
        }

    def value(self, name: str) -> Any:
        if (override := self._overrides.get(name.lower())) is not None:
            return override
        node: Any = self._tree
        for part in name.split("."):
            if not isinstance(node, Mapping):
                return None
            node = next((child for key, child in node.items() if key.lower() == part.lower()), None)
        return node

    def text(self, name: str, default: str) -> str:
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise AppError(f"host.json: {name} must be a text, not {value!r}.")
        return value

    def texts(self, name: str) -> dict[str, str]:
        value = self.value(name)
        found = {str(key): str(item) for key, item in value.items()} if isinstance(value, Mapping) else {}
        prefix = f"{name.lower()}."
        found |= {key[len(prefix) :]: item for key, item in self._overrides.items() if key.startswith(prefix)}
        return found

    def count(self, name: str, default: int) -> int:
        value = self.value(name)
        if value is None:
            return default
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = 0
        if number < 1 or isinstance(value, bool):
            raise AppError(f"host.json: {name} must be a positive whole number, not {value!r}.")
        return number

    def bound(self, name: str) -> int | None:
        return None if self.value(name) in (None, -1, "-1") else self.count(name, 1)

    def span(self, name: str) -> timedelta | None:
        value = self.value(name)
        if value in (None, "-1", -1):
            return None
        match = _SPAN.fullmatch(str(value))
        if match is None:
            raise AppError(f"host.json: {name} must be a time span hh:mm:ss, not {value!r}.")
        days, hours, minutes, seconds, fraction = match.groups()
        whole = timedelta(days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=int(seconds))
        return whole + timedelta(seconds=float(fraction or 0))


def _encoding(text: str) -> Encoding:
    try:
        return Encoding(text.lower())
    except ValueError:
        raise AppError(f"host.json: extensions.queues.messageEncoding must be base64 or none, not {text!r}.") from None


def _body_limit(env: Mapping[str, str]) -> int:
    text = env.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "")
    if not text:
        return _DEFAULT_BODY_LIMIT
    if not text.isdecimal():
        raise AppError(f"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not {text!r}.")
    return int(text)
