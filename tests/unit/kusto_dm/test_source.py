"""Reading the entries of the ingestion queue."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kusto.dm.bloburi import AccountKey, Anonymous, BlobUri, Impersonation, ManagedIdentity
from local.kusto.dm.source import MalformedSourceError, ReportLevel, ReportMethod, encode_source, parse_source
from local.kusto.errors import KustoError
from local.kusto.formats import DataFormat

BLOB = "http://127.0.0.1:10000/devstoreaccount1/landing/a.csv.gz"


def entry(additional: dict[str, Any] | None = None, **fields: Any) -> str:
    base = {"Id": "source-1", "BlobPath": f"{BLOB}?sig=secret", "DatabaseName": "Events", "TableName": "T"}
    return encode_source({**base, "AdditionalProperties": additional or {}, **fields})


def test_an_entry_of_the_python_client_is_read_whole() -> None:
    source = parse_source(
        entry(
            {
                "authorizationContext": "token",
                "tags": '["a","ingest-by:b"]',
                "ingestIfNotExists": '["b"]',
                "ingestionMappingReference": "m",
                "ingestionMappingType": "Json",
                "format": "json",
                "ignoreFirstRecord": True,
                "creationTime": "2020-01-02T03:04:05Z",
            },
            RawDataSize=123,
            RetainBlobOnSuccess=True,
            FlushImmediately=True,
            ReportLevel=2,
            ReportMethod=1,
        )
    )

    assert (source.database, source.table, source.source_id, source.token) == ("Events", "T", "source-1", "token")
    assert (source.raw_size, source.retain_blob, source.flush_immediately) == (123, True, True)
    assert source.report_level is ReportLevel.FAILURES_AND_SUCCESSES
    assert source.report_method is ReportMethod.TABLE
    assert source.properties.tags == ("a", "ingest-by:b")
    assert source.properties.ingest_if_not_exists == ("b",)
    assert source.properties.mapping_name == "m"
    assert source.properties.data_format is DataFormat.JSON
    assert source.properties.ignore_first_record
    assert source.properties.creation_time == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_texts_and_missing_fields_get_the_documented_defaults() -> None:
    source = parse_source(entry(RawDataSize="", RetainBlobOnSuccess="false", FlushImmediately="true", ReportLevel="1"))

    assert source.raw_size is None
    assert not source.retain_blob
    assert source.flush_immediately
    assert source.report_level is ReportLevel.NONE
    assert source.report_method is ReportMethod.QUEUE
    assert source.properties.data_format is DataFormat.CSV


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.json", "json"),
        ("a.parquet", "parquet"),
        ("a.tsv.zip", "tsv"),
        ("a", "csv"),
        ("a.gz", "csv"),
        ("a.log", "csv"),
    ],
)
def test_the_format_is_inferred_from_the_name(name: str, expected: str) -> None:
    source = parse_source(entry(BlobPath=f"http://127.0.0.1:1/devstoreaccount1/c/{name}"))

    assert source.properties.data_format.value == expected


@pytest.mark.parametrize(
    ("fields", "additional", "code"),
    [
        ({"BlobPath": ""}, {}, "BadRequest_EmptyBlobUri"),
        ({"BlobPath": "landing/a.csv"}, {}, "BadRequest_InvalidBlobUri"),
        ({"DatabaseName": ""}, {}, "BadRequest_EmptyDatabaseName"),
        ({"TableName": None}, {}, "BadRequest_InvalidOrEmptyTableName"),
        ({"ReportLevel": 9}, {}, "BadRequest_CorruptedMessage"),
        ({"AdditionalProperties": []}, {}, None),
        ({"AdditionalProperties": "x"}, {}, "BadRequest_CorruptedMessage"),
        ({}, {"format": "docx"}, "BadRequest_FormatNotSupported"),
        ({}, {"ingestionMapping": "{}"}, "BadRequest_InvalidMapping"),
        ({}, {"ingestionMapping": "[1]"}, "BadRequest_InvalidMapping"),
        ({}, {"ingestionMapping": "[{}]", "ingestionMappingReference": "m"}, "BadRequest_DuplicateMapping"),
        ({}, {"tags": "{"}, "BadRequest_MalformedIngestionProperty"),
        ({}, {"tags": '"a"'}, "BadRequest_MalformedIngestionProperty"),
        ({}, {"creationTime": "yesterday"}, "BadRequest_MalformedIngestionProperty"),
    ],
)
def test_what_is_wrong_is_told_by_the_services_code(
    fields: dict[str, Any], additional: dict[str, Any], code: str | None
) -> None:
    if code is None:
        parse_source(entry(additional, **fields))
        return

    with pytest.raises(MalformedSourceError) as caught:
        parse_source(entry(additional, **fields))

    assert caught.value.failure.failure == code
    assert caught.value.failure.permanent


@pytest.mark.parametrize("text", ["", "!", "bm90IGpzb24=", "[]", base64.b64encode(b"[]").decode()])
def test_an_entry_that_is_no_source_is_corrupted(text: str) -> None:
    with pytest.raises(MalformedSourceError) as caught:
        parse_source(text)

    assert caught.value.failure.failure == "BadRequest_CorruptedMessage"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.dictionaries(st.text(), c)))
def test_nothing_but_a_malformed_source_is_ever_raised(value: Any) -> None:
    for text in (json.dumps(value), entry(value if isinstance(value, dict) else None, Id=value, RawDataSize=value)):
        try:
            parse_source(text)
        except MalformedSourceError as error:
            assert error.failure.permanent  # noqa: PT017 - either outcome is right, another exception is not


def test_the_access_of_a_blob_is_split_off_its_url() -> None:
    assert BlobUri.parse(f"{BLOB};managed_identity=system").access == ManagedIdentity("system")
    assert BlobUri.parse(f"{BLOB};impersonate").access == Impersonation()
    assert BlobUri.parse(f"{BLOB};a2V5").access == AccountKey("a2V5")
    assert BlobUri.parse(f"{BLOB}?sig=a").access == Anonymous()
    assert BlobUri.parse(f"{BLOB}?sig=a").has_sas


def test_an_access_nobody_has_here_is_refused() -> None:
    with pytest.raises(KustoError, match="token"):
        BlobUri.parse(f"{BLOB};token=abc")


def test_no_secret_is_printed() -> None:
    shown = repr(parse_source(entry(BlobPath=f"{BLOB}?sig=secret"))) + repr(BlobUri.parse(f"{BLOB};a2V5c2VjcmV0"))

    assert "secret" not in shown
    assert "a2V5" not in shown
