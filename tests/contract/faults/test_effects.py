"""Every effect does what it says, seen over plain HTTP."""

import json
import socket
import time
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from local.kusto.errors import KustoError
from local.kusto.faults.admin import loopback_only
from local.kusto.faults.client import FaultsError
from local.kusto.faults.effects import Aim, Answer, Delay, Drop, Endpoint, Fault, Garbage, Garble, SlowBody
from tests.kusto_fixture import LocalKusto

TABLE = "T"
ROW = b"1,a\n"
GONE = (RemoteDisconnected, ConnectionResetError, BrokenPipeError)


def test_an_answer_is_given_so_often_and_no_more(kusto: LocalKusto) -> None:
    kusto.faults.answer(
        Endpoint.STREAM, status=429, code="TooManyRequests", permanent=False, headers=(("Retry-After", "7"),), times=2
    )

    refused = [kusto.stream(TABLE, ROW) for _ in range(2)]

    assert [answer.status for answer in refused] == [429, 429]
    assert refused[0].headers["retry-after"] == "7"
    assert (refused[0].error["code"], refused[0].error["@permanent"]) == ("TooManyRequests", False)
    assert kusto.count(TABLE) == 0
    assert kusto.stream(TABLE, ROW).status == 200
    assert kusto.count(TABLE) == 1


def test_a_body_of_ones_own_is_sent_as_it_is(kusto: LocalKusto) -> None:
    kusto.faults.answer(Endpoint.QUERY, status=503, body="<oops>", content_type="text/html")

    answer = kusto.http("POST", "/v2/rest/query", json.dumps({"db": "Events", "csl": TABLE}))

    assert (answer.status, answer.body) == (503, b"<oops>")
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (429, False), (500, False), (520, False)])
def test_permanence_follows_the_status_unless_it_is_given(kusto: LocalKusto, status: int, permanent: bool) -> None:  # noqa: FBT001 - pytest's parameter
    kusto.faults.answer(Endpoint.STREAM, status=status)

    assert kusto.stream(TABLE, ROW).error["@permanent"] is permanent


def test_an_answer_after_commit_hides_a_success(kusto: LocalKusto) -> None:
    kusto.faults.answer(Endpoint.STREAM, status=500, permanent=False, commit=True)

    assert kusto.stream(TABLE, ROW).status == 500
    assert kusto.count(TABLE) == 1


def test_faults_strike_only_what_they_aim_at(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Answer(status=500), table="Other", times=None)
    kusto.faults.on(Endpoint.STREAM, effect=Answer(status=500), database="Other", times=None)
    kusto.faults.on(Endpoint.MGMT, effect=Answer(status=500), command=".show version", times=None)

    assert kusto.stream(TABLE, ROW).status == 200
    assert kusto.command(".show tables").status == 200
    assert kusto.command(".show  version").status == 200
    assert kusto.command(".show version").status == 500


def test_some_requests_can_be_let_through_first(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Answer(status=500), skip=2, times=1)

    assert [kusto.stream(TABLE, ROW).status for _ in range(4)] == [200, 200, 500, 200]


def test_probability_is_repeatable(kusto: LocalKusto) -> None:
    def run() -> list[int]:
        kusto.faults.clear()
        kusto.faults.on(Endpoint.STREAM, effect=Answer(status=500), probability=0.5, seed=7, times=None)
        return [kusto.stream(TABLE, ROW).status for _ in range(20)]

    first = run()

    assert set(first) == {200, 500}
    assert run() == first


def test_a_delay_holds_the_request_back(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Delay(seconds=0.4))

    kusto.stream(TABLE, ROW)

    record = kusto.faults.requests(Endpoint.STREAM).records[0]
    assert record["ended"] - record["begun"] >= 0.4
    assert kusto.count(TABLE) == 1


def test_a_delay_goes_before_another_effect(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Delay(seconds=0.3))
    kusto.faults.answer(Endpoint.STREAM, status=503)

    assert kusto.stream(TABLE, ROW).status == 503
    record = kusto.faults.requests(Endpoint.STREAM).records[0]
    assert record["ended"] - record["begun"] >= 0.3
    assert len(record["faults"]) == 2


def test_a_connection_is_dropped_before_the_body_is_read(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Drop())
    host = urlsplit(kusto.url)
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        path = f"/v1/rest/ingest/Events/{TABLE}?streamFormat=csv"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n"
        connection.sendall(head.encode())  # and not one byte of the body
        try:
            received = connection.recv(1)
        except ConnectionResetError:
            received = b""

    assert received == b""
    assert kusto.count(TABLE) == 0
    assert kusto.faults.requests(Endpoint.STREAM).records[0]["status"] == 0


def test_a_connection_is_dropped_after_commit(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Drop(commit=True))

    with pytest.raises(GONE):
        kusto.stream(TABLE, ROW)

    assert kusto.count(TABLE) == 1
    assert kusto.stream(TABLE, ROW).status == 200
    assert kusto.count(TABLE) == 2


@pytest.mark.parametrize(
    ("garbage", "body"), [(Garbage.EMPTY, b""), (Garbage.EMPTY_OBJECT, b"{}"), (Garbage.HTML, b"<html>")]
)
def test_garbage_has_status_200_and_the_row_is_in(kusto: LocalKusto, garbage: Garbage, body: bytes) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Garble(kind=garbage))

    answer = kusto.stream(TABLE, ROW)

    assert answer.status == 200
    assert answer.body.startswith(body) if body else answer.body == b""
    assert kusto.count(TABLE) == 1


def test_a_truncated_answer_ends_before_its_length(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Garble(kind=Garbage.TRUNCATED))

    with pytest.raises(IncompleteRead) as caught:
        kusto.stream(TABLE, ROW)

    assert len(caught.value.partial) > 0
    assert kusto.count(TABLE) == 1


def test_garbage_without_commit_ingests_nothing(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.STREAM, effect=Garble(kind=Garbage.EMPTY_OBJECT, commit=False))

    assert kusto.stream(TABLE, ROW).body == b"{}"
    assert kusto.count(TABLE) == 0


def test_a_slow_body_arrives_whole(kusto: LocalKusto) -> None:
    kusto.faults.on(Endpoint.MGMT, effect=SlowBody(seconds=0.5, pieces=5))
    connection = HTTPConnection(urlsplit(kusto.url).netloc, timeout=10)
    connection.request("POST", "/v1/rest/mgmt", json.dumps({"db": "Events", "csl": ".show tables"}))
    answer = connection.getresponse()
    first = time.monotonic()

    body = answer.read()

    assert time.monotonic() - first >= 0.3
    assert json.loads(body)["Tables"]
    connection.close()


def test_the_engine_out_of_order(kusto: LocalKusto) -> None:
    with kusto.faults.engine_outage():
        with pytest.raises(GONE):
            kusto.stream(TABLE, ROW)
        with pytest.raises(GONE):
            kusto.command(".show tables")
        assert kusto.command(".get kusto identity token", "NetDefaultDB").status == 200
    assert kusto.stream(TABLE, ROW).status == 200


def test_the_engine_out_of_order_with_a_status(kusto: LocalKusto) -> None:
    with kusto.faults.engine_outage(status=503):
        assert kusto.stream(TABLE, ROW).status == 503
        assert kusto.http("POST", "/v2/rest/query", json.dumps({"db": "Events", "csl": TABLE})).status == 503


def test_the_ingestion_endpoint_out_of_order(kusto: LocalKusto) -> None:
    with kusto.faults.ingestion_outage():
        with pytest.raises(GONE):
            kusto.command(".get ingestion resources", "NetDefaultDB")
        with pytest.raises(GONE):
            kusto.http("POST", f"/v1/rest/ingestion/queued/Events/{TABLE}", b"{}")
        assert kusto.stream(TABLE, ROW).status == 200
    assert kusto.command(".get ingestion resources", "NetDefaultDB").status == 200


def test_a_token_is_refused_without_a_body(kusto: LocalKusto) -> None:
    kusto.faults.refuse_token(times=2)

    assert (kusto.stream(TABLE, ROW).status, kusto.command(".show tables").body) == (401, b"")
    assert kusto.stream(TABLE, ROW).status == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"effect": {"kind": "explode"}},
        {"effect": {"kind": "answer"}},
        {"effect": {"kind": "delay", "seconds": 1}, "on": ["everything"]},
        {"effect": {"kind": "delay", "seconds": 1}, "probability": 2},
        {"effect": {"kind": "delay", "seconds": 1}, "tiems": 2},
        {"effect": {"kind": "drop", "hard": True}},
    ],
)
def test_a_fault_that_is_not_understood_is_refused(kusto: LocalKusto, fault: object) -> None:
    answer = kusto.http("POST", "/admin/faults", json.dumps(fault))

    assert answer.status == 400
    assert kusto.faults.armed() == []


def test_faults_can_be_listed_and_lifted(kusto: LocalKusto) -> None:
    fault = Fault(aim=Aim(endpoints=frozenset({Endpoint.STREAM})), effect=Answer(status=500), times=None)
    kept, lifted = kusto.faults.arm(fault), kusto.faults.arm(fault)
    kusto.faults.lift(lifted)
    kusto.stream(TABLE, ROW)

    assert [(f["id"], f["seen"], f["struck"], f["spent"]) for f in kusto.faults.armed()] == [(kept, 1, 1, False)]
    kusto.faults.clear()
    assert kusto.stream(TABLE, ROW).status == 200


def test_the_client_tells_why_it_was_refused(kusto: LocalKusto) -> None:
    with pytest.raises(FaultsError, match="probability"):
        kusto.faults.on(Endpoint.STREAM, effect=Answer(status=500), probability=3)


@pytest.mark.parametrize(
    ("caller", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("127.0.0.1.example", 403), ("", 403)]
)
async def test_the_admin_endpoint_answers_this_machine_only(caller: str, status: int) -> None:
    async def route(_: web.Request) -> web.Response:
        return web.Response()

    request = make_mocked_request("GET", "/admin/faults").clone(remote=caller)

    try:
        found = (await loopback_only(route)(request)).status
    except KustoError as error:
        found = error.status
    assert found == status
