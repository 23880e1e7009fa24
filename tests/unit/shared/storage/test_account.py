"""A storage connection, in the spellings of Azure Functions."""

import pytest

from shared.settings import SettingsError
from shared.storage.account import parse_account

STRING = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=s3cret"


def test_a_connection_string() -> None:
    account = parse_account({"X": f" {STRING} "}, "X")
    assert (account.connection_string, account.blob_service_uri) == (STRING, None)
    assert "s3cret" not in repr(account)


@pytest.mark.parametrize("name", ["X__blobServiceUri", "X__serviceUri"])
def test_a_uri_with_an_identity(name: str) -> None:
    account = parse_account({name: "https://a.blob.core.windows.net/ ", "X__clientId": "id"}, "X")
    assert (account.connection_string, account.blob_service_uri) == (None, "https://a.blob.core.windows.net")
    assert account.client_id == "id"


@pytest.mark.parametrize("text", ["UseDevelopmentStorage=true", "usedevelopmentstorage=TRUE;"])
def test_the_development_storage(text: str) -> None:
    account = parse_account({"X": text}, "X")
    assert account.connection_string
    assert "127.0.0.1:10000/devstoreaccount1" in account.connection_string


@pytest.mark.parametrize("env", [{}, {"X": " "}, {"Y": STRING}, {"X__queueServiceUri": "https://a"}])
def test_neither_is_a_problem(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="X__blobServiceUri"):
        parse_account(env, "X")
