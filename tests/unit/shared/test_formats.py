"""The tables between formats, media types, extensions and mappings, held against the SDK's own list."""

import re

import pytest
from azure.kusto.data.data_format import DataFormat as SdkFormat
from hypothesis import given
from hypothesis import strategies as st

from shared.framing import formats
from shared.framing.formats import Compression, DataFormat, Framing, MappingKind

each_format = pytest.mark.parametrize("data_format", DataFormat)

#: In the SDK only: a format inside Microsoft that the public documentation does not list.
_INTERNAL = {"SSTREAM"}


def test_the_formats_are_the_sdks() -> None:
    assert {f.name for f in DataFormat} == {f.name for f in SdkFormat} - _INTERNAL


@each_format
def test_a_format_is_spelled_as_the_sdk_spells_it(data_format: DataFormat) -> None:
    assert data_format.value == SdkFormat[data_format.name].kusto_value


@each_format
def test_a_format_has_the_sdks_mapping_kind(data_format: DataFormat) -> None:
    theirs = SdkFormat[data_format.name].ingestion_mapping_kind.value.lower()
    # One kind of mapping serves both spellings (Microsoft docs: ".create ingestion mapping", AVRO).
    assert formats.mapping_kind_of(data_format) == {"apacheavro": "avro"}.get(theirs, theirs)


@each_format
def test_binary_formats_are_those_that_the_sdk_does_not_compress(data_format: DataFormat) -> None:
    binary = formats.framing_of(data_format) is Framing.BINARY
    assert binary is not SdkFormat[data_format.name].compressible


@each_format
def test_only_csv_like_formats_stream_without_a_mapping(data_format: DataFormat) -> None:
    assert formats.needs_mapping(data_format) is (formats.mapping_kind_of(data_format) is not MappingKind.CSV)


def test_only_lines_have_headers() -> None:
    assert {f for f in DataFormat if formats.allows_header(f)} == {
        *(DataFormat.CSV, DataFormat.TSV, DataFormat.TSVE, DataFormat.PSV, DataFormat.SCSV, DataFormat.SOHSV),
        DataFormat.TXT,
    }


@pytest.mark.parametrize(
    ("media_type", "data_format"),
    [
        ("application/json", DataFormat.JSON),
        ("Application/JSON ; charset=utf-8", DataFormat.JSON),
        ("application/x-ndjson", DataFormat.JSON),
        ("application/jsonl", DataFormat.JSON),
        ("text/csv; header=present", DataFormat.CSV),
        ("text/tab-separated-values", DataFormat.TSV),
        ("text/plain", DataFormat.TXT),
        ("application/vnd.apache.parquet", DataFormat.PARQUET),
        ("application/avro", DataFormat.AVRO),
        ("application/octet-stream", None),
        ("image/png", None),
        ("", None),
    ],
)
def test_media_types(media_type: str, data_format: DataFormat | None) -> None:
    assert formats.format_of_media_type(media_type) is data_format


def test_every_listed_media_type_names_a_format() -> None:
    assert all(formats.format_of_media_type(name) for name in formats.media_types())
    assert not formats.OPAQUE_MEDIA_TYPES & set(formats.media_types())


@pytest.mark.parametrize(
    ("name", "data_format", "compression"),
    [
        ("storms/2026/a.csv", DataFormat.CSV, Compression.NONE),
        ("a.CSV.GZ", DataFormat.CSV, Compression.GZIP),
        ("a.jsonl.gzip", DataFormat.JSON, Compression.GZIP),
        ("a.ndjson.zip", DataFormat.JSON, Compression.ZIP),
        ("a.gz", None, Compression.GZIP),
        ("a.tar.gz", None, Compression.GZIP),
        ("a", None, Compression.NONE),
        ("a.b/c", None, Compression.NONE),
        ("dir.csv/part-0.parquet", DataFormat.PARQUET, Compression.NONE),
        ("2026.01.02.log", DataFormat.TXT, Compression.NONE),
        (".csv", None, Compression.NONE),
        ("", None, Compression.NONE),
    ],
)
def test_names(name: str, data_format: DataFormat | None, compression: Compression) -> None:
    assert formats.split_name(name) == (data_format, compression)


@given(name=st.text(max_size=20))
def test_any_name_can_be_split(name: str) -> None:
    data_format, compression = formats.split_name(name)
    assert data_format is None or data_format in DataFormat
    assert compression is not Compression.ZSTD


@pytest.mark.parametrize("stem", ["a", "dir/2026.01", "x.y"])
@pytest.mark.parametrize("suffix", ["", ".gz", ".gzip", ".zip", ".GZ"])
@pytest.mark.parametrize("extension", [".jsonl", ".ndjson", ".json", ""])
def test_a_json_file_that_does_not_promise_lines_is_multijson(stem: str, extension: str, suffix: str) -> None:
    promised = extension in {".jsonl", ".ndjson"}
    expected = DataFormat.JSON if promised else DataFormat.MULTIJSON
    assert formats.reference_format(DataFormat.JSON, stem + extension + suffix) is expected


@each_format
def test_other_formats_are_queued_as_they_are(data_format: DataFormat) -> None:
    if data_format is not DataFormat.JSON:
        assert formats.reference_format(data_format, "a.jsonl") is data_format


@each_format
def test_a_format_is_a_word_that_needs_no_quoting(data_format: DataFormat) -> None:
    assert re.fullmatch(r"[a-z0-9]+", data_format.value)
