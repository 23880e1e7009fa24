"""Azure Resource Manager on loopback, as far as the postdeploy hook asks it: scripted answers, real HTTP."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from urllib.parse import parse_qs, urlsplit

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-events"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/func-events"
REFERENCES = f"{SITE}/config/configreferences/appsettings"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments/"

#: What must never be printed.
BLOBS_KEY = "wAn3LxvIdDz7PNs5JLBJS00/VyHxo+SjUg=="
MASTER_KEY = "M4st3rMasterMasterMaster/Q=="
TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl"
SECRETS = (BLOBS_KEY, MASTER_KEY, TOKEN, BLOBS_KEY.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D"))
#: What Event Grid and ARM are known to repeat in their messages.
ENDPOINT = f"https://func-events.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.blob_created&code={BLOBS_KEY}"


class Asked(StrEnum):
    """The questions of the hook."""

    KEYS = "keys"
    REFERENCES = "references"
    REFRESH = "refresh"
    FUNCTIONS = "functions"
    DEPLOY = "deploy"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One scripted answer; status 0 breaks the connection."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def keys(**system_keys: str) -> Answer:
    return Answer(body={"masterKey": MASTER_KEY, "functionKeys": {"default": "d3f"}, "systemKeys": system_keys})


def functions(*names: str) -> Answer:
    return Answer(body={"value": [{"name": f"func-events/{name}"} for name in names]})


def references(**states: str) -> Answer:
    """Key Vault references of the settings by name, as `az rest` shows them."""
    return Answer(body={"value": [{"name": name, "properties": {"status": status}} for name, status in states.items()]})


def progress(state: str, error: Any = None) -> Answer:
    return Answer(body={"name": "any", "properties": {"provisioningState": state, "error": error}})


def error(status: int, code: str, message: str = "no", **more: Any) -> Answer:
    return Answer(status=status, body={"error": {"code": code, "message": message, **more}})


def failed(code: str, message: str) -> Answer:
    """A deployment's end as ARM wraps it: envelope, then resource, then the service's own error as JSON text."""
    inner = json.dumps({"error": {"code": code, "message": message}}, indent=2)
    resource = {"code": "ResourceDeploymentFailure", "message": inner, "target": f"{GROUP}/x"}
    return progress("Failed", {"code": "DeploymentFailed", "message": "At least one failed.", "details": [resource]})


HANDSHAKE = failed(
    "Url validation",
    f"Webhook validation handshake failed for {ENDPOINT}. Http POST request failed with response code Unknown.",
)
COLD = Answer(
    status=400,
    body={
        "Code": "BadRequest",
        "Message": "Encountered an error (ServiceUnavailable) from host runtime.",
        "Details": [
            {"Message": "Encountered an error (ServiceUnavailable) from host runtime."},
            {"Code": "BadRequest"},
        ],
    },
)
READY = {
    Asked.REFERENCES: (Answer(body={"value": []}),),
    Asked.REFRESH: (Answer(body={"value": []}),),
    Asked.KEYS: (keys(blobs_extension=BLOBS_KEY),),
    Asked.FUNCTIONS: (functions("health", "blob_created"),),
    Asked.DEPLOY: (Answer(status=201, body={"properties": {"provisioningState": "Accepted"}}),),
    Asked.PROGRESS: (progress("Succeeded"),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came in."""

    asked: Asked
    api_version: str
    authorization: str
    body: Any


@dataclass(slots=True)
class ArmStandIn:
    """Answers each question with its script in turn; the last answer of a script stays."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _scripts: dict[Asked, deque[Answer]] = field(
        default_factory=lambda: {key: deque(value) for key, value in READY.items()}
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def script(self, asked: Asked, *answers: Answer) -> None:
        self._scripts[asked] = deque(answers)

    def first(self, asked: Asked, *answers: Answer) -> None:
        """These answers, and then as when all is well."""
        self.script(asked, *answers, *READY[asked])

    def counts(self) -> dict[Asked, int]:
        return {asked: sum(one.asked is asked for one in self.seen) for asked in Asked}

    def answer(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            script = self._scripts[seen.asked]
            return script.popleft() if len(script) > 1 else script[0]


_QUESTIONS = {
    ("POST", f"{SITE}/host/default/listkeys"): Asked.KEYS,
    ("GET", f"{SITE}/functions"): Asked.FUNCTIONS,
    ("GET", REFERENCES): Asked.REFERENCES,
    ("POST", f"{REFERENCES}/refresh"): Asked.REFRESH,
}


def question(method: str, path: str) -> Asked | None:
    if path.startswith(DEPLOYMENTS):
        return {"PUT": Asked.DEPLOY, "GET": Asked.PROGRESS}.get(method)
    return _QUESTIONS.get((method, path))


@contextmanager
def arm_stand_in() -> Iterator[ArmStandIn]:
    """A server on a free port of this machine, for one test."""
    arm = ArmStandIn()

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            asked = question(self.command, parts.path)
            body = json.loads(self.rfile.read(length)) if length else None
            if asked is None:
                self._write(Answer(status=404, body={"error": {"code": "NoSuchPath", "message": self.path}}))
                return
            version = parse_qs(parts.query).get("api-version", [""])[0]
            authorization = self.headers.get("Authorization", "")
            self._write(arm.answer(Seen(asked=asked, api_version=version, authorization=authorization, body=body)))

        def _write(self, answer: Answer) -> None:
            if answer.status == 0:
                self.close_connection = True
                return
            text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(text.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - names that http.server looks for

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    arm.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield arm
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def azd_environment(arm: ArmStandIn) -> dict[str, str]:
    """What azd would hand to the hook, with the stand-in as the resource manager."""
    return {
        "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_RESOURCE_GROUP": "rg-events",
        "AZURE_FUNCTION_NAME": "func-events",
        "EVENT_GRID_TOPIC_NAME": "evgt-events",
        "AZURE_STORAGE_ACCOUNT_NAME": "stevents",
        "AZURE_RESOURCE_MANAGER_URI": arm.url,
    }


def without_secrets(texts: Sequence[str]) -> bool:
    """Whether none of the texts shows a key, a token, or part of a signed address."""
    return not any(secret in text for text in texts for secret in (*SECRETS, "functionName=Host", "Bearer "))
