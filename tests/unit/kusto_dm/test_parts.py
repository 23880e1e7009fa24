"""Archives, tokens, accounts and operations."""

import gzip
import io
import json
import zipfile
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kusto import dm
from local.kusto.commands.catalogue import execute
from local.kusto.dm import token
from local.kusto.dm.account import Account, StorageError
from local.kusto.dm.archive import unpack
from local.kusto.dm.identities import allowed_identities
from local.kusto.dm.ingestor import Patience
from local.kusto.dm.operations import BlobState, Operations
from local.kusto.dm.storage import Names
from local.kusto.engine import Engine
from local.kusto.errors import KustoError

CONNECTION = (
    "DefaultEndpointsProtocol=http;AccountName=acc;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/acc/;"
    "QueueEndpoint=http://127.0.0.1:2/acc;TableEndpoint=http://127.0.0.1:3/acc;"
)


def zipped(**files: bytes) -> bytes:
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return store.getvalue()


@given(st.binary(), st.sampled_from(["a.csv", "a.csv.gz", "a", "a.zip"]))
def test_gzip_is_seen_whatever_the_name(content: bytes, name: str) -> None:
    assert unpack(gzip.compress(content), name) == [content]


def test_each_file_of_a_zip_archive_is_content_of_its_own() -> None:
    assert unpack(zipped(a=b"1", b=b"2"), "x.zip") == [b"1", b"2"]
    assert unpack(zipped(**{"a.csv": b"1", "b.txt": b"2"}), "x.zip", r"\.csv$") == [b"1"]


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"a,b", "x.csv.gz", "BadRequest_InvalidArchive"),
        (gzip.compress(b"a" * 999)[:-9], "x.csv", "BadRequest_InvalidArchive"),
        (b"PK\x03\x04 broken", "x.zip", "BadRequest_InvalidArchive"),
        (zipped(), "x.zip", "BadRequest_EmptyArchive"),
    ],
    ids=["by name only", "cut gzip", "broken zip", "empty zip"],
)
def test_broken_archives_are_refused(content: bytes, name: str, code: str) -> None:
    with pytest.raises(KustoError) as caught:
        unpack(content, name)

    assert caught.value.failure == code


def test_a_token_is_good_for_its_key_and_its_time_only() -> None:
    issued = token.issue("key", 1000.0)

    assert token.is_good(issued, "key", 1000.0 + token.LIFETIME)
    assert not token.is_good(issued, "key", 1001.0 + token.LIFETIME)
    assert not token.is_good(issued, "other", 1000.0)


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert not token.is_good(text, "key", 0.0)


def test_a_connection_string_is_read_and_its_key_never_printed() -> None:
    account = Account.parse(CONNECTION)

    assert (account.name, account.blob, account.queue) == ("acc", "http://127.0.0.1:1/acc", "http://127.0.0.1:2/acc")
    assert "a2V5" not in repr(account)
    assert account.owns_blob("http://localhost:1/acc/c/b")
    assert not account.owns_blob("http://127.0.0.1:1/account2/c/b")
    assert not account.owns_blob("http://127.0.0.1:9/acc/c/b")


def test_a_connection_string_that_lacks_something_says_what() -> None:
    with pytest.raises(StorageError, match="TableEndpoint"):
        Account.parse(CONNECTION.replace("TableEndpoint", "Nothing"))


def test_development_storage_has_its_well_known_ports() -> None:
    assert Account.parse("UseDevelopmentStorage=true").queue == "http://127.0.0.1:10001/devstoreaccount1"


def test_the_managed_identity_policy_adds_to_the_command_line() -> None:
    policy = [
        {"ObjectId": "system", "AllowedUsages": "NativeIngestion, ExternalTable"},
        {"ObjectId": "a", "AllowedUsages": "All"},
        {"ObjectId": "b", "AllowedUsages": "DataConnection"},
    ]

    assert allowed_identities(None, None) is None
    assert allowed_identities(None, frozenset({"x"})) == {"x"}
    assert allowed_identities(policy, None) == {"system", "a"}
    assert allowed_identities(policy, frozenset({"x"})) == {"system", "a", "x"}
    assert allowed_identities([], None) == frozenset()


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(first_pause=1, longest_pause=5)

    assert [patience.pause(n) for n in (1, 2, 3, 4)] == [1, 2, 4, 5]


def test_an_operation_counts_its_blobs() -> None:
    operations = Operations(lambda: datetime(2020, 1, 1, tzinfo=UTC))
    operations.open("op", "db", "T", ["a", "b", "c"])
    operations.update("op", "a", BlobState.SUCCEEDED)
    operations.fail("op", "b", "Download_SourceNotFound", "Permanent", "gone")
    operations.update("unknown", "a", BlobState.FAILED)

    found = operations.find("op", "db", "T")

    assert operations.find("op", "db", "Other") is None
    assert found is not None
    assert found.shown(details=False)["status"] == {"succeeded": 1, "failed": 1, "inProgress": 1, "canceled": 0}
    assert [blob["status"] for blob in found.shown(details=True)["details"]] == ["Succeeded", "Failed", "Queued"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("prefix", ["a", "my-stack", "1"])
def test_names_are_ones_storage_accepts(prefix: str) -> None:
    names = Names(prefix)

    assert all(len(name) <= 63 for name in (*names.containers, *names.ready, names.failed, names.succeeded))
    assert names.status.isalnum()
    assert names.status[0].isalpha()


@pytest.mark.parametrize("prefix", ["Upper", "a--b", "-a", "a_b", "x" * 31])
def test_a_prefix_storage_would_refuse_is_refused_first(prefix: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = ArgumentParser()
    dm.add_arguments(parser)

    with pytest.raises(SystemExit):
        parser.parse_args([f"--ingestion-prefix={prefix}"])

    assert "lower-case" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "policy", "seconds"),
    [
        ([], None, 300),  # the service's own
        ([], "00:10:00", 600),
        (["--batching-seconds", "1"], None, 1),
        (["--batching-seconds", "1"], "00:00:30", 1),
        (["--batching-seconds", "60"], "00:00:30", 30),
    ],
)
def test_how_long_a_batch_waits(arguments: list[str], policy: str | None, seconds: float) -> None:
    parser = ArgumentParser()
    dm.add_arguments(parser)
    engine = Engine()
    try:
        engine.create_database("Events")
        execute(engine, "Events", ".create table T (Id:int)")
        if policy:
            body = json.dumps({"MaximumBatchingTimeSpan": policy, "MaximumNumberOfItems": 7})
            execute(engine, "Events", f".alter table T policy ingestionbatching '{body}'")

        half = dm.from_arguments(engine, parser.parse_args(arguments, Namespace(storage=None)))

        found = half.policy("Events", "T")
        assert (found.maximum_batching_time_span, found.maximum_number_of_items) == (seconds, 7 if policy else 500)
    finally:
        engine.close()
