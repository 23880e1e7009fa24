"""Options of `python -m local.functions`."""

from pathlib import Path

import pytest

from local.functions.__main__ import parse_options
from local.functions.host import host_id


def test_storage_fills_the_connections_that_env_does_not_give() -> None:
    options = parse_options(["--app", "x", "--storage", "S", "--env", "A=b=c"])
    assert options.env == {"AzureWebJobsStorage": "S", "LANDING": "S", "A": "b=c"}
    assert options.app_dir == Path("x").resolve()
    assert (options.host, options.port) == ("127.0.0.1", 7071)

    options = parse_options(["--app", "x", "--storage", "S", "--env", "LANDING__blobServiceUri=u"])
    assert options.env == {"AzureWebJobsStorage": "S", "LANDING__blobServiceUri": "u"}

    options = parse_options(["--app", "x", "--env", "LANDING=L", "--storage", "S"])
    assert options.env == {"AzureWebJobsStorage": "S", "LANDING": "L"}


def test_keys_are_given_or_random() -> None:
    given = parse_options(["--app", "x", "--function-key", "f", "--admin-key", "a"]).keys
    random = parse_options(["--app", "x"]).keys

    assert (given.function, given.admin) == ("f", "a")
    assert len({random.function, random.admin, random.blobs_extension, given.blobs_extension}) == 4


@pytest.mark.parametrize("arguments", [[], ["--app", "x", "--env", "NAME"], ["--app", "x", "--port", "many"]])
def test_wrong_options_end_with_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(arguments)

    assert ended.value.code == 2
    assert "usage: python -m local.functions" in capsys.readouterr().err


def test_the_host_id_fits_a_queue_name() -> None:
    assert host_id({"AzureFunctionsWebHost__hostid": "MyHost-" + "x" * 40}) == "myhost-" + "x" * 25
    generated = host_id({})
    assert 0 < len(generated) <= 32
    assert generated == generated.lower().strip("-")
    assert host_id({}) == generated
