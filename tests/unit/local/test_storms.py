import csv
import io
import json
from datetime import datetime
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from local.demo.storms import COLUMNS, file_of_bytes, file_of_rows, storms

SEEDS = st.integers(min_value=0, max_value=2**64)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@given(rows=st.integers(min_value=1, max_value=60), seed=SEEDS)
def test_a_file_has_a_header_and_exactly_its_rows(rows: int, seed: int) -> None:
    file = file_of_rows(rows, seed=seed)

    header, *body = rows_of(file.content)
    assert tuple(header) == COLUMNS
    assert len(body) == rows == file.rows
    assert all(len(row) == len(COLUMNS) for row in body)


@given(rows=st.integers(min_value=1, max_value=30), seed=SEEDS)
def test_the_same_seed_gives_the_same_bytes(rows: int, seed: int) -> None:
    assert file_of_rows(rows, seed=seed) == file_of_rows(rows, seed=seed)


@given(size=st.integers(min_value=0, max_value=20_000), seed=SEEDS)
def test_a_sized_file_is_the_smallest_that_is_large_enough(size: int, seed: int) -> None:
    file = file_of_bytes(size, seed=seed)

    assert len(file.content) >= size
    assert file.content == file_of_rows(file.rows, seed=seed).content
    if file.rows > 1:
        assert len(file_of_rows(file.rows - 1, seed=seed).content) < size


@given(seed=SEEDS)
def test_values_are_what_the_columns_hold(seed: int) -> None:
    for storm, row in zip(islice(storms(seed), 30), rows_of(file_of_rows(30, seed=seed).content)[1:], strict=True):
        assert storm.start <= storm.end < datetime(2008, 2, 1)  # noqa: DTZ001 - as in the file
        assert row[0] == f"{storm.start:%Y-%m-%d %H:%M:%S}.0000000"
        assert [int(row[3]), int(row[4])] == [storm.damage_property, storm.damage_crops]
        assert json.loads(row[6])["TotalDamages"] == storm.damage_property + storm.damage_crops


def test_fields_with_commas_quotes_and_newlines_occur() -> None:
    content = file_of_rows(1000, seed=1).content

    fields = [field for row in rows_of(content)[1:] for field in row]
    assert any("," in field for field in fields)
    assert any('"' in field for field in fields)
    assert any("\n" in field for field in fields)
    assert any(not field.isascii() for field in fields)


def test_another_seed_gives_other_rows() -> None:
    assert file_of_rows(10, seed=1) != file_of_rows(10, seed=2)
