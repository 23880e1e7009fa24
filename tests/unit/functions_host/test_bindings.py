"""Raw bindings of the worker's indexing, parsed."""

import json
from typing import Any

import pytest

from local.functions.bindings import (
    AuthLevel,
    BlobTrigger,
    Function,
    HttpTrigger,
    QueueTrigger,
    parse_functions,
    resolve_settings,
)
from local.functions.worker import AppError, IndexedFunction


def indexed(name: str, *bindings: dict[str, Any]) -> IndexedFunction:
    return IndexedFunction(name=name, function_id="id", raw_bindings=tuple(json.dumps(one) for one in bindings))


def parse(binding: dict[str, Any], env: dict[str, str] | None = None) -> Function:
    (function,) = parse_functions([indexed("f", binding)], env or {})
    return function


def test_an_http_trigger() -> None:
    raw = {"type": "httpTrigger", "name": "req", "authLevel": "ADMIN", "route": "/a/{b}", "methods": ["get", "POST"]}
    out = {"type": "http", "direction": "OUT", "name": "$return"}
    (function,) = parse_functions([indexed("f", raw, out)], {})

    assert function.trigger == HttpTrigger(
        parameter="req", route="a/{b}", methods=frozenset({"GET", "POST"}), level=AuthLevel.ADMIN
    )
    assert function.host_name == "Host.Functions.f"


def test_an_http_trigger_without_anything_has_the_host_s_defaults() -> None:
    trigger = parse({"type": "httpTrigger", "name": "req"}).trigger

    assert trigger == HttpTrigger(parameter="req", route="f", methods=None, level=AuthLevel.FUNCTION)


def test_settings_in_percent_signs_are_resolved() -> None:
    raw = {"type": "queueTrigger", "name": "m", "queueName": "%PREFIX%-%NAME%", "connection": "LANDING"}

    assert parse(raw, {"PREFIX": "a", "NAME": "b"}).trigger == QueueTrigger(
        parameter="m", queue="a-b", connection="LANDING", binary=False
    )
    assert resolve_settings("100 % of it", {}) == "100 % of it"
    with pytest.raises(AppError, match="app setting NAME"):
        resolve_settings("%NAME%", {})


@pytest.mark.parametrize("deferred", [True, False])
def test_a_blob_trigger_says_whether_it_takes_an_sdk_type(*, deferred: bool) -> None:
    raw = {
        "type": "blobTrigger", "name": "b", "path": "landing/{name}", "connection": "L", "source": "EventGrid",
        "properties": {"SupportsDeferredBinding": deferred},
    }  # fmt: skip

    assert parse(raw).trigger == BlobTrigger(parameter="b", path="landing/{name}", connection="L", deferred=deferred)


def test_every_problem_is_told_at_once() -> None:
    functions = [
        indexed("polls", {"type": "blobTrigger", "name": "b", "path": "x"}),
        indexed("hub", {"type": "eventHubTrigger", "name": "e"}),
        indexed("idle"),
        indexed("timed", {"type": "timerTrigger", "name": "t", "schedule": "never"}),
    ]
    with pytest.raises(AppError) as problem:
        parse_functions(functions, {})

    for sentence in (
        "- polls: ",
        "source='EventGrid'",
        "- hub: ",
        "eventHubTrigger",
        "- idle: it has no trigger",
        "- timed",
    ):
        assert sentence in str(problem.value)


@pytest.mark.parametrize(("value", "disabled"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_a_function_is_disabled_by_its_app_setting(value: str, disabled: bool) -> None:  # noqa: FBT001 - a table
    raw = {"type": "httpTrigger", "name": "req"}

    assert parse(raw, {"AzureWebJobs.f.Disabled": value}).disabled is disabled
