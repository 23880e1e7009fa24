"""Sample app of the host's tests: every kind of trigger that succeeds, each leaving a trace in blobs or answers."""
# ruff: noqa: ARG001 - the worker wants the trigger's parameter, used or not

import json
import logging
import os
import threading
import time

import azure.functions as func
from azure.storage.blob import BlobServiceClient
from azurefunctions.extensions.bindings import blob

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
fired: list[dict[str, object]] = []


def trace(name: str, facts: dict[str, object]) -> None:
    """Keep what happened as a blob that the test can read."""
    service = BlobServiceClient.from_connection_string(os.environ["LANDING"])
    with service:
        service.get_blob_client("traces", name).upload_blob(json.dumps(facts), overwrite=True)


@app.route("echo/{first}/{second:int?}", methods=["POST", "GET"])
async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    facts = {
        "method": req.method,
        "url": req.url,
        "headers": dict(req.headers),
        "params": dict(req.params),
        "route": dict(req.route_params),
        "body": req.get_body().decode("latin-1"),
        "invocation": context.invocation_id,
        "trace": context.trace_context.trace_parent,
    }
    return func.HttpResponse(json.dumps(facts), mimetype="application/json", headers={"X-Sample": "yes"})


@app.route("plain")
def plain(req: func.HttpRequest) -> str:
    logging.info("plain called by %s in %s", req.method, threading.current_thread().name)  # noqa: LOG015 - what most apps do
    print("printed by the app")  # noqa: T201 - the test looks for it
    return "just text"


@app.route("keyed", auth_level=func.AuthLevel.FUNCTION)
async def keyed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.route("master", auth_level=func.AuthLevel.ADMIN)
async def master(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("open")


@app.route("raises")
async def raises(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("this function always raises")


@app.route("teapot")
async def teapot(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(b"\x00\x01", status_code=418, mimetype="application/octet-stream")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60; Secure")
    return response


@app.route("sleep/{seconds}")
def sleep(req: func.HttpRequest) -> str:
    time.sleep(float(req.route_params["seconds"]))
    return "slept"


@app.route("files/{*path}")
async def files(req: func.HttpRequest) -> str:
    return req.route_params.get("path", "nothing")


@app.blob_trigger(arg_name="content", path="landing/{name}", connection="LANDING", source="EventGrid")
def blob_bytes(content: func.InputStream) -> None:
    body = content.read()
    if body.startswith(b"poison"):
        raise ValueError("this blob always fails")
    if body.startswith(b"slow"):
        time.sleep(2)
    facts = {"name": content.name, "uri": content.uri, "length": content.length, "body": body.decode()}
    trace(f"bytes/{content.name}", facts)


@app.blob_trigger(arg_name="client", path="landing/{name}", connection="LANDING", source="EventGrid")
def blob_client(client: blob.BlobClient) -> None:
    trace(f"client/{client.blob_name}", {"container": client.container_name, "url": client.url})


@app.queue_trigger(arg_name="entry", queue_name="%WORK_QUEUE%", connection="AzureWebJobsStorage")
def queued(entry: func.QueueMessage) -> None:
    text = entry.get_body().decode()
    if text.startswith("poison"):
        raise ValueError("this entry always fails")
    facts = {
        "id": entry.id,
        "body": text,
        "dequeueCount": entry.dequeue_count,
        "inserted": str(entry.insertion_time),
        "expires": str(entry.expiration_time),
    }
    trace(f"queue/{text}", facts)


@app.timer_trigger(schedule="* * * * * *", arg_name="timer", run_on_startup=True)
async def every_second(timer: func.TimerRequest) -> None:
    fired.append({"pastDue": timer.past_due, "status": timer.schedule_status, "schedule": timer.schedule})


@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
async def once_a_year(timer: func.TimerRequest) -> None:
    fired.append({"yearly": True})


@app.route("fired")
async def show_fired(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(fired), mimetype="application/json")
