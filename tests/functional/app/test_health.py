"""Readiness says the truth, and what to do."""

from .conftest import App


def test_live(app: App) -> None:
    assert app.request("health/live", key=False).status == 200


def test_ready_names_the_routes_that_cannot_stream(app: App) -> None:
    reply = app.request("health/ready", key=False)

    checks = {check["name"]: check for check in reply.body["checks"]}
    assert reply.status == 503
    assert checks["landing"]["status"] == "ok"
    assert checks["streaming of route storms"]["status"] == "ok"
    assert checks["streaming of route quiet"]["status"] == "failed"
    assert "policy streamingingestion enable" in checks["streaming of route quiet"]["advice"]
    assert checks["streaming of route nowhere"]["status"] == "failed"


def test_there_is_no_other_probe(app: App) -> None:
    assert app.request("health/nope", key=False).status == 404
