import csv
import io
import json

from local.cli.kusto_commands import Format
from local.cli.rows import write
from local.kql import Answer, is_command

ANSWER = Answer(
    columns=("State", "Count", "Data", "Seen"),
    types=("string", "long", "dynamic", "bool"),
    rows=(("A, [b]", 2, {"ü": [1]}, True), ("", None, None, None)),
)


def printed(layout: Format, answer: Answer = ANSWER) -> str:
    out = io.StringIO()
    write(answer, layout, out)
    return out.getvalue()


def test_a_list_has_a_line_for_each_column_of_each_row() -> None:
    assert printed(Format.LIST) == (
        'State - A, [b]\nCount - 2\nData  - {"ü": [1]}\nSeen  - true\n\nState - \nCount - \nData  - \nSeen  - \n'
    )


def test_json_keeps_types() -> None:
    assert json.loads(printed(Format.JSON)) == [
        {"State": "A, [b]", "Count": 2, "Data": {"ü": [1]}, "Seen": True},
        {"State": "", "Count": None, "Data": None, "Seen": None},
    ]


def test_csv_can_be_read_back() -> None:
    assert list(csv.reader(io.StringIO(printed(Format.CSV)))) == [
        ["State", "Count", "Data", "Seen"],
        ["A, [b]", "2", '{"ü": [1]}', "true"],
        ["", "", "", ""],
    ]


def test_a_table_shows_values_that_look_like_markup() -> None:
    text = printed(Format.TABLE)

    assert "A, [b]" in text
    assert "2 rows" in text


def test_an_answer_without_rows_is_printed_in_every_layout() -> None:
    empty = Answer(columns=("A",), types=("int",), rows=())

    assert [printed(layout, empty) for layout in (Format.LIST, Format.JSON, Format.CSV)] == ["", "[]\n", "A\n"]


def test_a_command_begins_with_a_dot_after_comments() -> None:
    assert is_command(".show tables")
    assert is_command("\n // why\n\n  .drop table T")
    assert not is_command("T | take 1")
    assert not is_command("// .show tables\nT")
