"""When a batch is sealed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.kusto.dm.batch import MEGABYTE, Batch, BatchKey, Seal
from local.kusto.dm.source import QueuedSource, encode_source, parse_source
from local.kusto.model import BatchingPolicy

POLICY = BatchingPolicy(maximum_batching_time_span=10, maximum_number_of_items=3, maximum_raw_data_size_mb=1)


def source(name: str = "a.csv", additional: Mapping[str, Any] | None = None, **fields: Any) -> QueuedSource:
    base = {"BlobPath": f"http://127.0.0.1:1/acc/c/{name}", "DatabaseName": "Events", "TableName": "T"}
    return parse_source(encode_source({**base, "AdditionalProperties": dict(additional or {}), **fields}))


def batch_of(*sources: QueuedSource, raw_size: int = 1) -> Batch[QueuedSource]:
    batch: Batch[QueuedSource] = Batch(key=BatchKey.of(sources[0]), policy=POLICY, opened=100.0)
    for one in sources:
        batch.add(one, one, raw_size)
    return batch


def test_a_small_batch_waits_for_its_time() -> None:
    batch = batch_of(source())

    assert batch.seal(109.9) is None
    assert batch.seal(110.0) is Seal.TIME


def test_a_batch_is_sealed_by_count() -> None:
    assert batch_of(source("a"), source("b")).seal(100) is None
    assert batch_of(source("a"), source("b"), source("c")).seal(100) is Seal.COUNT


def test_a_batch_is_sealed_by_raw_size() -> None:
    assert batch_of(source("a"), raw_size=MEGABYTE - 1).seal(100) is None
    assert batch_of(source("a"), source("b"), raw_size=MEGABYTE // 2).seal(100) is Seal.SIZE


@pytest.mark.parametrize(
    ("one", "seal"),
    [
        (source(FlushImmediately=True), Seal.FLUSH_IMMEDIATELY),
        (source(additional={"tags": ["ingest-by:x"]}), Seal.INGEST_BY_TAG),
        (source(additional={"ingestIfNotExists": ["x"]}), Seal.INGEST_IF_NOT_EXISTS),
        (source(additional={"tags": ["drop-by:x"]}), None),
    ],
)
def test_a_single_blob_is_sealed_where_the_docs_say_so(one: QueuedSource, seal: Seal | None) -> None:
    assert batch_of(one).seal(100) is seal


@pytest.mark.parametrize(
    ("fields", "additional"),
    [
        ({"TableName": "U"}, {}),
        ({"DatabaseName": "Other"}, {}),
        ({}, {"format": "json"}),
        ({}, {"ingestionMappingReference": "m"}),
        ({}, {"ingestionMapping": '[{"column":"a"}]'}),
        ({}, {"tags": ["x"]}),
        ({}, {"ignoreFirstRecord": True}),
        ({}, {"creationTime": "2020-01-01"}),
    ],
)
def test_sources_that_differ_do_not_share_a_batch(fields: dict[str, Any], additional: dict[str, Any]) -> None:
    assert BatchKey.of(source(additional=additional, **fields)) != BatchKey.of(source())


@given(st.permutations(["a", "b", "drop-by:c"]))
def test_the_order_of_tags_makes_no_difference(tags: list[str]) -> None:
    assert BatchKey.of(source(additional={"tags": tags})) == BatchKey.of(
        source("other.csv", {"tags": ["a", "b", "drop-by:c"]})
    )


@given(st.lists(st.integers(min_value=0, max_value=2 * MEGABYTE), min_size=1, max_size=6), st.floats(0, 20))
def test_a_batch_over_any_limit_is_sealed(sizes: list[int], waited: float) -> None:
    batch: Batch[int] = Batch(key=BatchKey.of(source()), policy=POLICY, opened=0.0)
    for number, size in enumerate(sizes):
        batch.add(number, source(f"{number}.csv"), size)

    due = sum(sizes) >= MEGABYTE or len(sizes) >= 3 or waited >= 10

    assert (batch.seal(waited) is not None) == due
