"""The HTTP endpoints of the engine. Work on DuckDB and on content runs in threads, never on the event loop."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
from aiohttp import web
from duckdb_kql.server import RestColumn, Result, v1_response, v2_response

from local.kusto.blobs import Source, download
from local.kusto.bodies import BrokenCompressionError, decode, read_limited
from local.kusto.commands.catalogue import execute, piped, split_operators
from local.kusto.errors import KustoError, bad_request, empty_stream, syntax_error
from local.kusto.extension import RAW_SIZE, WIRE_SIZE
from local.kusto.formats import DataFormat
from local.kusto.model import CommandCall, IngestKind, IngestRequest, IngestResult, ResultTable
from local.kusto.query import as_service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from local.kusto.engine import Engine
    from local.kusto.extension import Command
    from local.kusto.latency import Latency
    from local.kusto.throttle import Throttle

_METADATA: Final = {
    "AzureAD": {
        "LoginEndpoint": "https://login.microsoftonline.com",
        "LoginMfaRequired": False,
        "KustoClientAppId": "db662dc1-0cfe-4e1c-a843-19a68e65be58",
        "KustoClientRedirectUri": "https://microsoft/kustoclient",
        "KustoServiceResourceId": "https://kusto.kusto.windows.net",
        "FirstPartyAuthorityUrl": "https://login.microsoftonline.com/f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    }
}
_CONSUMED: Final = (
    ("ConsumedRecordsCount", "Int64"),
    ("UpdatePolicyStatus", "String"),
    ("UpdatePolicyFailureCode", "String"),
    ("UpdatePolicyFailureReason", "String"),
)
_SPACES: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    database: str
    text: str
    parameters: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Endpoints:
    """The engine's endpoints; ``session`` reads source blobs and lives as long as the application."""

    engine: Engine
    commands: Mapping[str, Command]
    executor: Executor
    throttle: Throttle
    latency: Latency
    session: aiohttp.ClientSession | None = None

    def routes(self) -> list[web.RouteDef]:
        """All routes."""
        return [
            web.get("/", self.about),
            web.get("/v1/rest/ping", self.ping),
            web.get("/v1/rest/auth/metadata", self.metadata),
            web.post("/v1/rest/mgmt", self.command),
            web.post("/v1/rest/query", self.query_v1),
            web.post("/v2/rest/query", self.query_v2),
            web.post("/v1/rest/ingest/{database}/{table}", self.ingest),
        ]

    async def about(self, _: web.Request) -> web.Response:
        """What this is, for a person with a browser."""
        return _answer({"service": "Local Kusto", "databases": self.engine.databases()})

    async def ping(self, _: web.Request) -> web.Response:
        """Alive."""
        return web.Response(text="Pong!")

    async def metadata(self, _: web.Request) -> web.Response:
        """What clients need to log in; the local Kusto accepts any token, and none."""
        return _answer(_METADATA)

    async def command(self, request: web.Request) -> web.Response:
        """Run a management command."""
        statement = await _statement(request)
        if not statement.text.lstrip().startswith("."):
            raise syntax_error(statement.text, "A management command starts with a dot; queries go to /v2/rest/query.")
        known = self._extension_command(statement.text)
        if known is not None:
            text, operators = split_operators(statement.text)
            call = CommandCall(
                database=statement.database,
                text=text,
                client_request_id=request.headers.get("x-ms-client-request-id", ""),
                application=request.headers.get("x-ms-app", ""),
            )
            result = await known(call)
            return await self._in_thread(lambda: _answer(_v1(piped(self.engine, result, operators))))
        return await self._in_thread(lambda: _answer(_v1(execute(self.engine, statement.database, statement.text))))

    async def query_v1(self, request: web.Request) -> web.Response:
        """Run a query, answer in the V1 shape."""
        statement = await _query_statement(request)
        return await self._in_thread(lambda: _answer(v1_response(self._query(statement))))

    async def query_v2(self, request: web.Request) -> web.Response:
        """Run a query, answer in V2 frames."""
        statement = await _query_statement(request)
        request_id = request.headers.get("x-ms-client-request-id", "")
        return await self._in_thread(lambda: _answer(v2_response(self._query(statement), request_id)))

    async def ingest(self, request: web.Request) -> web.Response:
        """Streaming ingestion of the body, or of the blob that the body names."""
        started = time.monotonic()
        with self.throttle.slot():
            result = await self._ingest(request)
            wait = started + self.latency() - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
        rows = [[result.rows, "Inactive", "Unknown", None]]
        columns = [{"ColumnName": name, "DataType": kind} for name, kind in _CONSUMED]
        return _answer({"Tables": [{"TableName": "Table_0", "Columns": columns, "Rows": rows}]})

    async def _ingest(self, request: web.Request) -> IngestResult:
        database, table = request.match_info["database"], request.match_info["table"]
        data_format = _format(request)
        limit = self.engine.limits.payload_bytes
        self.engine.admit_stream(database, table)
        body = await read_limited(request, limit)
        request[WIRE_SIZE] = len(body)
        source = await self._source(body, limit) if request.query.get("sourceKind", "") == "uri" else None
        encoding = request.headers.get("Content-Encoding", "")

        def run() -> IngestResult:
            try:
                content = decode(body, encoding, limit) if source is None else source.content(limit)
            except BrokenCompressionError:
                raise empty_stream(database, table, "BadRequest_InvalidBlob") from None
            request[RAW_SIZE] = len(content)
            return self.engine.ingest(
                IngestRequest(
                    database=database,
                    table=table,
                    content=content,
                    data_format=data_format,
                    mapping_name=request.query.get("mappingName") or None,
                    kind=IngestKind.STREAMING,
                    source="" if source is None else source.location,
                )
            )

        return await self._in_thread(run)

    async def _source(self, body: bytes, limit: int) -> Source:
        try:
            named = {k.lower(): v for k, v in msgspec.json.decode(body, type=dict[str, Any]).items()}
        except msgspec.DecodeError:
            named = {}
        uri = named.get("sourceuri")
        if not isinstance(uri, str) or not uri:
            raise bad_request("BadRequest_EmptyBlobUri", 'The body names no blob: expected {"sourceUri": "…"}.')
        if self.session is None:
            self.session = aiohttp.ClientSession()
        return await download(self.session, uri, limit)

    def _query(self, statement: _Statement) -> Result:
        return as_service(self.engine.query(statement.database, statement.text, statement.parameters))

    def _extension_command(self, text: str) -> Command | None:
        shown = _SPACES.sub(" ", text.strip()).lower()
        return next((c for prefix, c in self.commands.items() if shown.startswith(prefix)), None)

    async def _in_thread[T](self, run: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, run)


def _format(request: web.Request) -> DataFormat:
    named = request.query.get("streamFormat", "")
    if not named:
        raise bad_request("BadRequest_FormatNotSupported", "The request names no streamFormat.")
    return DataFormat.parse(named)


async def _statement(request: web.Request) -> _Statement:
    try:
        body = msgspec.json.decode(await request.read(), type=dict[str, Any])
        properties = body.get("properties") or {}
        if isinstance(properties, str):
            properties = msgspec.json.decode(properties, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise bad_request("General_BadRequest", "The request body is not a JSON object.") from None
    text = body.get("csl")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("General_BadRequest", "The request has no 'csl' to run.")
    parameters = properties.get("Parameters") if isinstance(properties, dict) else None
    return _Statement(
        database=str(body.get("db") or ""),
        text=text,
        parameters=parameters if isinstance(parameters, dict) else {},
    )


async def _query_statement(request: web.Request) -> _Statement:
    statement = await _statement(request)
    if statement.text.lstrip().startswith("."):
        raise syntax_error(statement.text, "Management commands go to /v1/rest/mgmt.")
    return statement


def _v1(table: ResultTable) -> dict[str, Any]:
    columns = [RestColumn.derived(name, kind) for name, kind in table.columns]
    answer = v1_response(Result(columns, [tuple(row) for row in table.rows]))
    answer["Tables"][0]["TableName"] = table.name
    return answer


def _answer(body: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")


def refusal(error: KustoError, request: web.Request) -> web.Response:
    """A ``KustoError`` as the answer to a request."""
    body = error.body(client_request_id=request.headers.get("x-ms-client-request-id", ""))
    answer = web.Response(
        status=error.status, body=msgspec.json.encode(body), content_type="application/json", charset="utf-8"
    )
    if error.retry_after is not None:
        answer.headers["Retry-After"] = f"{error.retry_after:g}"
    return answer
