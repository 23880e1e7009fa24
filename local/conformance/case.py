"""One row of the conformance table: a request and the answer the service is known, or held, to give."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Basis(StrEnum):
    """How sure the expectation is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    """Seen on a real cluster by somebody, in public tests or issues."""
    STRICT = "strict"
    """Nobody says; the stricter reading was taken. A difference on a real cluster corrects the local Kusto."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """``POST /v1/rest/ingest``. ``query`` replaces the whole query string, ``path`` the ``{db}/{table}`` part.

    With ``sdk`` the case runs through ``KustoClient.execute_streaming_ingest`` too.
    """

    content: bytes
    data_format: str = "csv"
    mapping: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    compressed: bool = False
    query: str | None = None
    path: str | None = None
    sdk: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``POST /v1/rest/mgmt``; ``{table}`` in the text is the case's own table."""

    text: str
    database: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """``POST /v2/rest/query``."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Any request."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """Queued ingestion by ``QueuedIngestClient``; ``times`` sends the same content again.

    ``properties`` are keyword arguments of ``IngestionProperties``, ``missing_blob`` refers to a blob that is not
    there instead of content.
    """

    content: bytes
    data_format: str = "csv"
    properties: Mapping[str, object] = field(default_factory=dict)
    times: int = 1
    missing_blob: bool = False


type Action = Stream | Command | Query | Raw | Queued


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What must be seen; ``None`` is not looked at.

    ``codes`` holds every error code that sources name for the condition. ``rows`` counts the rows of the case's
    table afterwards. ``shows`` is the answer to the case's ``look``, values as JSON. ``failure`` is the code in
    ``.show ingestion failures``.
    """

    status: int = 200
    codes: tuple[str, ...] = ()
    permanent: bool | None = None
    rows: int | None = None
    shows: tuple[tuple[object, ...], ...] | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request in a table of its own (none if ``schema`` is empty), and the expected answer.

    ``setup`` and ``cleanup`` are commands with ``{table}``; that table itself is dropped anyway. ``look`` is a query
    with ``{table}`` that runs after the action. ``deviation`` says why the local Kusto is known to answer otherwise;
    it is empty where it must not.
    """

    name: str
    source: str
    action: Action
    expect: Expect
    basis: Basis = Basis.DOCUMENTED
    schema: str = "Id:int, Name:string"
    setup: tuple[str, ...] = ()
    cleanup: tuple[str, ...] = ()
    look: str = ""
    streaming: bool = True
    deviation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen."""

    status: int
    code: str = ""
    permanent: bool | None = None
    rows: int | None = None
    shows: tuple[tuple[object, ...], ...] | None = None
    failure: str | None = None


def differences(expect: Expect, seen: Observed) -> list[str]:
    """What is not as expected, in words."""
    found = []
    if seen.status != expect.status:
        found.append(f"status {seen.status}, expected {expect.status}")
    if expect.codes and seen.code not in expect.codes:
        found.append(f"code {seen.code or '(none)'}, expected {' or '.join(expect.codes)}")
    if expect.permanent is not None and seen.permanent is not expect.permanent:
        found.append(f"@permanent {seen.permanent}, expected {expect.permanent}")
    if expect.rows is not None and seen.rows != expect.rows:
        found.append(f"{seen.rows} rows, expected {expect.rows}")
    if expect.shows is not None and seen.shows != expect.shows:
        found.append(f"shows {seen.shows}, expected {expect.shows}")
    if expect.failure is not None and seen.failure != expect.failure:
        found.append(f"failure {seen.failure}, expected {expect.failure}")
    return found
