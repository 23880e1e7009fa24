"""A cluster, local or real, over plain HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMEOUT: Final = 120.0
_OK: Final = 200


class ClusterError(Exception):
    """A request that must succeed (setting up, cleaning up, looking) did not; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer; ``body`` is the parsed JSON, ``None`` if it is none."""

    status: int
    body: Any

    @property
    def error(self) -> Mapping[str, Any]:
        """The OneApi error, empty if there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where requests go. ``token`` gives a bearer token, ``None`` sends none."""

    uri: str
    ingest_uri: str
    database: str
    token: Callable[[], str] | None = field(default=None, repr=False)

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        uri: str = "",
    ) -> Reply:
        """One request on a connection of its own; raises ``OSError`` when the cluster cannot be reached."""
        parts = urlsplit(uri or self.uri)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.netloc, timeout=_TIMEOUT)
        sent = {"Accept": "application/json", "x-ms-client-request-id": f"conformance;{uuid4()}"} | dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token()}"
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        try:
            parsed = json.loads(content)
        except ValueError:
            parsed = None
        return Reply(status=answer.status, body=parsed)

    def command(self, text: str, database: str = "", *, ingestion: bool = False) -> Reply:
        """Run a management command, at the ingestion endpoint if asked."""
        body = json.dumps({"db": database or self.database, "csl": text}).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self.send("POST", "/v1/rest/mgmt", body, headers, uri=self.ingest_uri if ingestion else "")

    def query(self, text: str) -> Reply:
        """Run a query."""
        body = json.dumps({"db": self.database, "csl": text}).encode()
        return self.send("POST", "/v2/rest/query", body, {"Content-Type": "application/json; charset=utf-8"})

    def must(self, text: str) -> list[list[Any]]:
        """Run a command that must succeed; its rows."""
        reply = self.command(text)
        if reply.status != _OK:
            raise ClusterError(f"{text.splitlines()[0][:120]}: {reply.status} {reply.error.get('@message', '')}")
        return [list(row) for row in reply.body["Tables"][0]["Rows"]]

    def look(self, text: str) -> tuple[tuple[object, ...], ...]:
        """Run a query that must succeed; its rows as JSON values."""
        reply = self.query(text)
        if reply.status != _OK:
            raise ClusterError(f"{text}: {reply.status} {reply.error.get('@message', '')}")
        return primary_rows(reply.body)


def primary_rows(frames: Any) -> tuple[tuple[object, ...], ...]:
    """The rows of the primary result in V2 frames."""
    for frame in frames:
        if frame.get("FrameType") == "DataTable" and frame.get("TableKind") == "PrimaryResult":
            return tuple(tuple(row) for row in frame["Rows"])
    return ()
