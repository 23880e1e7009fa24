"""What `./dev send` does."""

import asyncio
import gzip as gzip_module
import json
import os
import sys
import tomllib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import typer
from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from local import endpoints as state
from local.endpoints import Endpoints
from local.hooks import Hook, hooks_of
from local.http import post
from local.paths import ROOT
from local.problems import LocalError, UsageError
from local.signing import signed_headers
from local.stack import LANDING
from shared.routing.globs import BlobPattern
from shared.webhooks.schemes import Scheme

_GZIP_MAGIC = b"\x1f\x8b"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".avro": "application/avro",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent: bytes as they go over the wire, and how they are announced.

    Attributes:
        name: The file's, where there is one.
    """

    content: bytes
    content_type: str
    compressed: bool
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of the command."""

    route: str
    body: Body
    hook: bool
    blob: bool
    scheme: Scheme | None
    secret_env: str | None
    event: str
    url: str | None
    key: str | None
    storage: str | None


def body_of(file: Path | None, text: str | None, *, gzip: bool, content_type: str | None) -> Body:
    """Read what is to be sent.

    Raises:
        UsageError: None or two of FILE and --data, or the file cannot be read.
    """
    if (file is None) is (text is None):
        raise UsageError("Give either a FILE (- for stdin) or --data TEXT.")
    try:
        raw = text.encode() if text is not None else _read(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}.") from error
    name = file.name if file is not None and str(file) != "-" else None
    compressed = raw.startswith(_GZIP_MAGIC)
    if gzip and not compressed:
        raw, compressed = gzip_module.compress(raw), True
        name = f"{name}.gz" if name else None
    return Body(content=raw, content_type=content_type or _media_type(name, raw), compressed=compressed, name=name)


def scheme_of(text: str | None) -> Scheme | None:
    """The scheme of that name.

    Raises:
        UsageError: There is none.
    """
    try:
        return Scheme(text) if text else None
    except ValueError:
        raise UsageError(f"--scheme must be one of {', '.join(Scheme)}.") from None


def send(request: Request) -> int:
    """Send it, print what came back; the exit code.

    Raises:
        LocalError: It could not be sent.
    """
    elsewhere = request.storage if request.blob else request.url
    running = None if elsewhere else state.load()
    if running is None and not elsewhere:
        option = "the storage account with --storage" if request.blob else "the app with --url"
        raise UsageError(f"No ./dev up is running. Start it in another terminal, or name {option}.")
    if request.blob:
        return _put_blob(request, running)
    headers = {"Content-Type": request.body.content_type}
    if request.body.compressed:
        headers["Content-Encoding"] = "gzip"
    key = request.key or (running.function_key if running else None)
    if request.hook:
        headers |= _signature(request, running)
    elif key:
        headers["x-functions-key"] = key
    base = (request.url or (running.functions if running else "")).rstrip("/")
    path = f"{base}/api/{'hooks' if request.hook else 'ingest'}/{quote(request.route)}"
    reply = asyncio.run(post(path, request.body.content, headers))
    typer.echo(f"{reply.status} {reply.reason}", err=True)
    typer.echo(json.dumps(reply.body, indent=2, ensure_ascii=False) if reply.body else "")
    return 0 if 200 <= reply.status < 300 else 1  # noqa: PLR2004 - 2xx


def _signature(request: Request, running: Endpoints | None) -> dict[str, str]:
    hook = _hook(request, running)
    name = request.secret_env or (hook.settings[0] if hook and hook.settings else None)
    scheme = request.scheme or (hook.scheme if hook else None)
    if scheme is None or name is None:
        raise UsageError(
            f"Route {request.route} is no webhook of the route file here. "
            "Say --scheme github|standard and --secret-env NAME."
        )
    secret = os.environ.get(name) or (running.webhook_secrets.get(name) if running else None)
    if not secret:
        raise UsageError(f"The webhook's secret is not known: set the environment variable {name}.")
    return signed_headers(
        scheme,
        secret,
        request.body.content,
        delivery=str(uuid.uuid4()),
        now=datetime.now(UTC),
        event=request.event,
    )


def _hook(request: Request, running: Endpoints | None) -> Hook | None:
    route = request.route.partition("/")[0]
    return next((hook for hook in hooks_of(_routes_file(running)) if hook.route == route), None)


def _routes_file(running: Endpoints | None) -> Path:
    return Path(running.routes) if running else ROOT / "routes.toml"


def _put_blob(request: Request, running: Endpoints | None) -> int:
    if request.body.name is None:
        raise UsageError("--blob needs a FILE: its name becomes the blob's.")
    storage = request.storage or (running.storage_connection_string if running else "")
    routes = _routes_file(None if request.storage else running)
    name = blob_name(_patterns(routes, request.route), request.body.name)
    try:
        with BlobServiceClient.from_connection_string(storage) as service:
            blob = service.get_blob_client(LANDING, name)
            blob.upload_blob(request.body.content, overwrite=True)
    except ValueError:
        raise UsageError("--storage must be a connection string of a storage account.") from None
    except AzureError as error:
        raise LocalError(f"The blob was not stored: {error}") from error
    typer.echo(json.dumps({"blob": blob.url, "bytes": len(request.body.content)}, indent=2))
    return 0


def blob_name(patterns: tuple[str, ...], file: str) -> str:
    """A blob's name below the landing container that a route takes.

    Raises:
        UsageError: No pattern of the route takes a file of this name.
    """
    for pattern in map(BlobPattern, patterns):
        if pattern.match(pattern.prefix + file):
            return pattern.prefix + file
    raise UsageError(f"The route takes no blob named {file!r}; its patterns: {', '.join(patterns) or 'none'}.")


def _patterns(routes: Path, route: str) -> tuple[str, ...]:
    entries = tomllib.loads(routes.read_text(encoding="utf-8")).get("routes", {})
    if route not in entries:
        raise UsageError(f"There is no route {route} in {routes}; routes: {', '.join(entries)}.")
    return tuple(entries[route].get("blobs", ()))


def _read(file: Path | None) -> bytes:
    if file is None or str(file) == "-":
        return sys.stdin.buffer.read()
    return file.read_bytes()


def _media_type(name: str | None, content: bytes) -> str:
    suffix = Path((name or "").removesuffix(".gz")).suffix.lower()
    if suffix in _MEDIA_TYPES:
        return _MEDIA_TYPES[suffix]
    return "application/json" if content.lstrip()[:1] in {b"{", b"["} else "text/csv"
