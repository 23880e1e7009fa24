"""The shipped application on the real worker, with real Azurite and the local Kusto: one stack for all tests here."""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.stack import Options, Stack
from tests.loop_thread import LoopThread

_ROUTES = """
[routes.nowhere]
table = "NoSuchTable"
format = "csv"

[routes.later]
table = "LaterTable"
format = "csv"

[routes.tagged]
table = "MyStormEvents"
format = "csv"
mapping = "MyStormEvents_csv"
streaming = "never"
tags = ["drop-by:test"]
once = true

[routes.unmapped]
table = "MyStormEvents"
format = "json"
mapping = "NoSuchMapping"

[routes.quiet]
table = "Quiet"
format = "csv"
blobs = ["quiet/**"]

[routes.single]
table = "WebhookEvents"
format = "singlejson"
mapping = "WebhookEvents_json"

[routes.free]
table = "MyStormEvents"
mapping = "MyStormEvents_csv"

[routes.many]
tables = ["Sensor_*"]
format = "csv"
blobs = ["many/{table}/*.csv"]

[routes.standard]
table = "WebhookEvents"
mapping = "WebhookEvents_json"
webhook = { scheme = "standard", secret = "STANDARD_WEBHOOK_SECRET" }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP answer of the application."""

    status: int
    headers: Mapping[str, str]
    body: Any


class App:
    """The running application, as a user sees it."""

    def __init__(self, stack: Stack) -> None:
        self.endpoints = stack.endpoints
        self._kusto = KustoClient(KustoConnectionStringBuilder.with_no_authentication(self.endpoints.kusto))
        self._blobs = BlobServiceClient.from_connection_string(self.endpoints.storage_connection_string)
        self.queues = QueueServiceClient.from_connection_string(self.endpoints.storage_connection_string)

    def request(
        self, path: str, body: bytes | None = None, *, method: str | None = None, key: bool = True, **headers: str
    ) -> Reply:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            names["x-functions-key"] = self.endpoints.function_key
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.endpoints.functions}/api/{path}", data=body, headers=names, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
                return _reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return _reply(answer.code, answer.headers, answer.read())

    def github(self, body: bytes, *, secret: str | None = None, event: str = "push", delivery: str = "d-1") -> Reply:
        key = secret or self.endpoints.webhook_secrets["GITHUB_WEBHOOK_SECRET"]
        signature = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        return self.request(
            "hooks/github",
            body,
            key=False,
            content_type="application/json",
            x_hub_signature_256=f"sha256={signature}",
            x_github_event=event,
            x_github_delivery=delivery,
        )

    def admin(self, path: str, *, method: str = "GET") -> Reply:
        return self.request(path, method=method, key=False, x_functions_key=self.endpoints.admin_key)

    def letters(self, *, route: str, reason: str = "") -> list[dict[str, Any]]:
        reply = self.admin(f"deadletters?route={route}&reason={reason}")
        assert reply.status == 200
        return list(reply.body["deadLetters"])

    def announce(self, name: str) -> None:
        """Tell the host of a blob, as Event Grid does when it repeats itself."""
        url = f"{self.endpoints.blob}/landing/{name}"
        event = {
            "eventType": "Microsoft.Storage.BlobCreated",
            "id": "again",
            "subject": f"/blobServices/default/containers/landing/blobs/{name}",
            "data": {"api": "PutBlob", "url": url, "eTag": "0x1", "blobType": "BlockBlob"},
        }
        where = f"{self.endpoints.functions}/runtime/webhooks/blobs?functionName=Host.Functions.blob_created"
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{where}&code={self.endpoints.blobs_extension_key}",
            data=json.dumps([event]).encode(),
            headers={"aeg-event-type": "Notification", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            assert answer.status == 202

    def eventually[T](self, look: Callable[[], T], seconds: float = 30.0) -> T:
        """What the look sees as soon as it sees something."""
        end = time.monotonic() + seconds
        while not (seen := look()) and time.monotonic() < end:
            time.sleep(0.1)
        return seen

    def put(self, name: str, content: bytes, **metadata: str) -> None:
        self._blobs.get_blob_client("landing", name).upload_blob(content, overwrite=True, metadata=metadata or None)

    def command(self, text: str) -> list[dict[str, Any]]:
        return [row.to_dict() for row in self._kusto.execute_mgmt("Events", text).primary_results[0]]

    def query(self, text: str) -> list[dict[str, Any]]:
        return [row.to_dict() for row in self._kusto.execute_query("Events", text).primary_results[0]]

    def count(self, table: str, where: str = "true") -> int:
        return int(self.query(f"{table} | where {where} | count")[0]["Count"])

    def until(self, wanted: int, table: str, where: str = "true", seconds: float = 30.0) -> None:
        """Wait until so many rows are there; more of them are a failure too."""
        end = time.monotonic() + seconds
        while (seen := self.count(table, where)) < wanted and time.monotonic() < end:
            time.sleep(0.05)
        assert seen == wanted

    def close(self) -> None:
        self._kusto.close()
        self._blobs.close()
        self.queues.close()


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    text = body.decode()
    return Reply(status=status, headers=dict(headers), body=json.loads(text) if text.startswith("{") else text)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder: Path = tmp_path_factory.mktemp("stack")
    routes = folder / "routes.toml"
    routes.write_text((Path(__file__).parents[3] / "routes.toml").read_text() + _ROUTES)
    env = {
        "DEADLINE_SECONDS": "12",
        "RETRY_DELAY_SECONDS": "1",
        "STANDARD_WEBHOOK_SECRET": "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==",
    }
    with LoopThread() as loop:
        stack = Stack(Options(logs=folder, routes=routes, env=env))
        loop.run(stack.__aenter__(), within=120)
        running = App(stack)
        try:
            running.command(".create table Quiet (A:int, B:string)")
            running.command(".alter table Quiet policy streamingingestion disable")  # the database's is enabled
            for name in ("Sensor_1", "Sensor_2"):
                running.command(f".create table {name} (A:int, B:string)")
                running.command(f".alter table {name} policy streamingingestion enable")
            yield running
        finally:
            running.close()
            loop.run(stack.__aexit__(None, None, None))
