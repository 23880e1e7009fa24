"""The HTTP trigger: from an aiohttp request to the function and back.

Answers as in Azure/azure-functions-host (FunctionInvocationMiddleware.cs, HttpThrottleMiddleware.cs,
GrpcMessageConversionExtensions.cs): 404 for route or method, 401 for the key, 413 for the size, 429 when throttled,
500 with an empty body when the function raises.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from typing import Any

from aiohttp import web
from aiohttp.web_request import BaseRequest

from local.functions import protos
from local.functions.bindings import Function, HttpTrigger
from local.functions.hostjson import HttpSettings
from local.functions.invocations import Invocations, TimedOut
from local.functions.keys import Keys
from local.functions.routes import Entry, RouteTable, Template
from local.functions.throttle import Throttle, TooManyRequestsError
from local.functions.worker import AppError, Call, Raised, Returned, Trace

logger = logging.getLogger("host.http")

# Azure's front end gives up here, whatever functionTimeout says (Microsoft docs, functions-scale: "Timeout").
ANSWER_LIMIT_SECONDS = 230.0
_RESERVED = frozenset({"admin", "runtime"})
_NOT_COPIED = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_SAME_SITE = {protos.SameSite.Lax: "Lax", protos.SameSite.Strict: "Strict", protos.SameSite.ExplicitNone: "None"}

type Target = tuple[Function, HttpTrigger]


class HttpFront:
    """Finds the function for a request, checks the key, runs it and renders its answer."""

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        settings: HttpSettings,
        keys: Keys,
        invocations: Invocations,
        answer_limit: float = ANSWER_LIMIT_SECONDS,
    ) -> None:
        """Compile the routes.

        Raises:
            AppError: A route template cannot be read; names the function.
        """
        self._settings = settings
        self._keys = keys
        self._invocations = invocations
        self._answer_limit = answer_limit
        self._throttle = Throttle(concurrent=settings.max_concurrent, outstanding=settings.max_outstanding)
        self.routes = RouteTable(list(_entries(functions, settings.route_prefix)))

    async def answer(self, request: BaseRequest) -> web.Response:
        """Answer one request."""
        found = self.routes.find(request.method, request.rel_url.raw_path)
        if found is None:
            return web.Response(status=404)
        (function, trigger), values = found
        presented = presented_key(request)
        if not self._keys.allows(trigger.level, presented):
            return web.Response(status=401)
        if function.disabled:
            return web.Response(status=404)
        try:
            async with self._throttle.place():
                return await self._run(request, function, trigger, values)
        except TooManyRequestsError:
            logger.info("Http request queue limit of %s has been exceeded.", self._settings.max_outstanding)
            return web.Response(status=429)

    async def _run(
        self, request: BaseRequest, function: Function, trigger: HttpTrigger, values: Mapping[str, str]
    ) -> web.Response:
        length = request.content_length or 0
        if length > self._settings.body_limit:
            logger.warning(
                "Request body of %d bytes refused: the limit is %d (FUNCTIONS_REQUEST_BODY_SIZE_LIMIT).",
                length,
                self._settings.body_limit,
            )  # fmt: skip - one argument a line says no more
            return web.Response(status=413)
        # Without Content-Length (chunked) the host hands over no body at all: `if (request.ContentLength > 0)`.
        body = await read_body(request) if length else b""
        headers = joined_headers(request)
        call = Call(
            function_id=function.function_id,
            inputs={trigger.parameter: protos.TypedData(http=_rpc_request(request, headers, values, body))},
            trace=Trace.follow(headers.get("traceparent", ""), headers.get("tracestate", "")),
        )
        running = self._invocations.start(function, call, "This function was called by HTTP.")
        # The front end's limit ends the answer, never the function.
        done, _ = await asyncio.wait({running}, timeout=self._answer_limit)
        if not done:
            logger.error("Function '%s' has not answered in %d s; 504.", function.name, self._answer_limit)
            return web.Response(status=504)
        match running.result():
            case Returned(value=value):
                return _response(value, self._settings.custom_headers)
            case Raised() | TimedOut():
                return web.Response(status=500)


def _entries(functions: Iterable[Function], prefix: str) -> Iterable[Entry[Target]]:
    for function in functions:
        trigger = function.trigger
        if not isinstance(trigger, HttpTrigger):
            continue
        try:
            template = _template(prefix, trigger.route)
        except AppError as problem:
            raise AppError(f"Function {function.name}: {problem}") from problem
        yield Entry(template=template, methods=trigger.methods, target=(function, trigger))


def _template(prefix: str, route: str) -> Template:
    text = "/".join(part for part in (prefix, route) if part)
    if text.split("/")[0].lower() in _RESERVED:
        raise AppError(f"its route '{text}' begins with admin or runtime, which belong to the host.")
    return Template.parse(text)


def presented_key(request: BaseRequest) -> str | None:
    """The key that the caller shows, in the header or the query."""
    return request.headers.get("x-functions-key") or request.rel_url.query.get("code")


async def read_body(request: BaseRequest) -> bytes:
    """The whole body as it was sent (never decompressed)."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.writer is not None:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    return await request.content.read()


def joined_headers(request: BaseRequest) -> dict[str, str]:
    """Headers with lower-case names; repeated ones joined by a comma, as StringValues.ToString() does."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    return headers


def _rpc_request(
    request: BaseRequest, headers: Mapping[str, str], values: Mapping[str, str], body: bytes
) -> protos.RpcHttp:
    query: dict[str, str] = {}
    for name, value in request.rel_url.query.items():
        query[name] = f"{query[name]},{value}" if name in query else value
    return protos.RpcHttp(
        method=request.method,
        url=f"{request.scheme}://{request.host}{request.raw_path}",
        headers=headers,
        params=values,
        query={name: value for name, value in query.items() if value},
        body=protos.TypedData(bytes=body) if body else protos.TypedData(),
    )


def _response(value: protos.TypedData | None, custom_headers: Mapping[str, str]) -> web.Response:
    kind = None if value is None else value.WhichOneof("data")
    if value is None or kind is None:
        return web.Response(status=200, headers=dict(custom_headers))
    if kind != "http":
        content = getattr(value, kind)
        text = content if isinstance(content, bytes) else str(content).encode()
        return web.Response(body=text, content_type="text/plain", charset="utf-8", headers=dict(custom_headers))
    http: Any = value.http
    headers = {name: text for name, text in http.headers.items() if name.lower() not in _NOT_COPIED}
    body = http.body.bytes if http.body is not None else b""
    response = web.Response(status=int(http.status_code), body=body or b"", headers={**custom_headers, **headers})
    for cookie in http.cookies or ():
        _set_cookie(response, cookie)
    return response


def _set_cookie(response: web.Response, cookie: protos.Message) -> None:
    def value(field: Any) -> Any:
        return None if field is None else field.value

    expires = value(cookie.expires)
    age = value(cookie.max_age)
    response.set_cookie(
        cookie.name,
        cookie.value,
        domain=value(cookie.domain) or None,
        path=value(cookie.path) or "/",
        expires=None if expires is None else formatdate(expires.seconds, usegmt=True),
        secure=value(cookie.secure) or None,
        httponly=value(cookie.http_only) or None,
        max_age=None if age is None else int(age),
        samesite=_SAME_SITE.get(cookie.same_site),
    )
