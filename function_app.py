"""The triggers, and nothing else: adapt what the host gives, hand it to the application, render what comes back."""

import os
from pathlib import Path
from uuid import uuid4

import azure.functions as func
from azurefunctions.extensions.bindings.blob import BlobClient

from shared.bootstrap import Application, start
from shared.http.api import HttpReply
from shared.http.call import HttpCall
from shared.payload import BlobName
from shared.storage.names import LANDING_CONNECTION, LANDING_CONTAINER, POISON_QUEUE, RETRY_QUEUE

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
application = start(os.environ, Path(__file__).parent)

if isinstance(application, Application):  # a misconfigured app takes no blobs: docs/adr/0018
    _configured = application

    @app.blob_trigger(
        arg_name="blob",
        path=f"{LANDING_CONTAINER}/{{name}}",
        connection=LANDING_CONNECTION,
        source=func.BlobSource.EVENT_GRID,
    )
    async def blob_created(blob: BlobClient) -> None:
        """A blob was written to the landing container. The binding names it; our own client reads it."""
        await _configured.blob(BlobName(container=blob.container_name, name=blob.blob_name))

    @app.queue_trigger(arg_name="msg", queue_name=RETRY_QUEUE, connection=LANDING_CONNECTION)
    async def retry(msg: func.QueueMessage) -> None:
        """An alarm rang: spooled records or a blob are to be tried again."""
        await _configured.retry(msg.get_body().decode())

    @app.queue_trigger(arg_name="msg", queue_name=POISON_QUEUE, connection=LANDING_CONNECTION)
    async def blob_poisoned(msg: func.QueueMessage) -> None:
        """The host gave up on a blob: it becomes a dead letter."""
        await _configured.poisoned_blob(msg.get_body().decode())

    @app.timer_trigger(arg_name="timer", schedule="0 */10 * * * *", run_on_startup=False)
    async def sweep(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
        """Set the alarm again for spooled records whose message was lost."""
        await _configured.sweep()


@app.route(route="ingest/{route}/{table?}", methods=[func.HttpMethod.POST])
async def ingest(req: func.HttpRequest) -> func.HttpResponse:
    """`POST /api/ingest/{route}[/{table}]`: the body's records go where the route says."""
    return _response(await application.ingest(_call(req)))


@app.route(
    route="hooks/{route}/{table?}",
    methods=[func.HttpMethod.POST, func.HttpMethod.OPTIONS, func.HttpMethod.GET],
    auth_level=func.AuthLevel.ANONYMOUS,  # the sender's signature is checked by the route's scheme
)
async def hook(req: func.HttpRequest) -> func.HttpResponse:
    """`/api/hooks/{route}[/{table}]`: a signed webhook becomes an event."""
    return _response(await application.hook(_call(req)))


@app.route(route="operations/{id}", methods=[func.HttpMethod.GET])
async def operations(req: func.HttpRequest) -> func.HttpResponse:
    """`GET /api/operations/{id}`: what became of a request or a blob."""
    return _response(await application.operation(req.route_params.get("id", ""), uuid4()))


@app.route(
    route="deadletters/{letter?}/{action?}",
    methods=[func.HttpMethod.GET, func.HttpMethod.POST, func.HttpMethod.DELETE],
    auth_level=func.AuthLevel.ADMIN,
)
async def deadletters(req: func.HttpRequest) -> func.HttpResponse:
    """`/api/deadletters`: list, look at, replay and delete what Kusto refused for good."""
    call = _call(req, route="letter", table="action")
    return _response(await application.letters(call))


@app.route(route="health/{probe}", methods=[func.HttpMethod.GET], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """`GET /api/health/live` says that the process runs, `/api/health/ready` that it can work."""
    match req.route_params.get("probe"):
        case "live":
            return func.HttpResponse(b'{"status":"ok"}', mimetype="application/json")
        case "ready":
            return _response(await application.ready())
        case _:
            return func.HttpResponse(status_code=404)


def _call(req: func.HttpRequest, route: str = "route", table: str = "table") -> HttpCall:
    return HttpCall(
        operation_id=uuid4(),
        method=req.method.upper(),
        route=req.route_params.get(route) or "",
        table=req.route_params.get(table) or None,
        headers={name.lower(): value for name, value in req.headers.items()},
        query=dict(req.params),
        body=req.get_body(),
    )


def _response(reply: HttpReply) -> func.HttpResponse:
    return func.HttpResponse(reply.body, status_code=reply.status, headers=dict(reply.headers))
