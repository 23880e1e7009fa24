"""host.json and its overrides."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.functions.hostjson import Encoding, HostSettings
from local.functions.worker import AppError


def test_the_defaults_are_those_of_linux() -> None:
    settings = HostSettings.parse({}, {}, cores=2)

    assert settings.http.route_prefix == "api"
    assert (settings.http.max_concurrent, settings.http.max_outstanding) == (None, None)
    assert settings.http.body_limit == 104_857_600
    assert settings.blobs.max_degree_of_parallelism == 16
    assert settings.blobs.poison_threshold == 5
    assert (settings.queues.batch_size, settings.queues.new_batch_threshold) == (16, 16)
    assert settings.queues.max_dequeue_count == 5
    assert settings.queues.visibility_timeout == timedelta()
    assert settings.queues.encoding is Encoding.BASE64
    assert settings.function_timeout is None


def test_values_are_read_whatever_their_case() -> None:
    tree = {
        "version": "2.0",
        "functionTimeout": "00:10:00",
        "logging": {"logLevel": {"default": "Warning", "Function": "Information"}},
        "Extensions": {
            "HTTP": {"routePrefix": "/v1/", "maxConcurrentRequests": 20, "maxOutstandingRequests": -1},
            "queues": {"visibilityTimeout": "00:00:30", "messageEncoding": "None", "batchSize": 64},
            "blobs": {"maxDegreeOfParallelism": 4, "poisonBlobThreshold": 1},
        },
    }
    settings = HostSettings.parse(tree, {})

    assert settings.http.route_prefix == "v1"
    assert (settings.http.max_concurrent, settings.http.max_outstanding) == (20, None)
    assert settings.queues.visibility_timeout == timedelta(seconds=30)
    assert settings.queues.encoding is Encoding.NONE
    assert settings.queues.batch_size == 32
    assert settings.blobs.max_degree_of_parallelism == 4
    assert settings.blobs.poison_threshold == 1
    assert settings.function_timeout == timedelta(minutes=10)
    assert settings.log_levels == {"default": "Warning", "Function": "Information"}


def test_app_settings_override_the_file() -> None:
    tree = {"extensions": {"http": {"routePrefix": "api"}, "blobs": {"maxDegreeOfParallelism": 4}}}
    env = {
        "AzureFunctionsJobHost__extensions__blobs__maxDegreeOfParallelism": "32",
        "AzureFunctionsJobHost__extensions__http__routePrefix": "",
        "AzureFunctionsJobHost__logging__logLevel__default": "Debug",
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1024",
    }
    settings = HostSettings.parse(tree, env)

    assert settings.blobs.max_degree_of_parallelism == 32
    assert settings.http.route_prefix == ""
    assert settings.log_levels == {"default": "Debug"}
    assert settings.http.body_limit == 1024


def nested(name: str, value: Any) -> dict[str, Any]:
    for part in reversed(name.split(".")):
        value = {part: value}
    tree: dict[str, Any] = value
    return tree


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extensions.blobs.maxDegreeOfParallelism", 0),
        ("extensions.blobs.maxDegreeOfParallelism", True),
        ("extensions.blobs.poisonBlobThreshold", "many"),
        ("extensions.http.maxConcurrentRequests", -2),
        ("extensions.http.routePrefix", 7),
        ("extensions.queues.visibilityTimeout", "soon"),
        ("extensions.queues.messageEncoding", "rot13"),
        ("functionTimeout", "5 minutes"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: object) -> None:
    with pytest.raises(AppError, match=name.rsplit(".", 1)[-1]):
        HostSettings.parse(nested(name, value), {})


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(AppError, match=r"host\.json"):
        HostSettings.load(tmp_path, {})


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert HostSettings.load(tmp_path, {}) == HostSettings.parse({}, {})
