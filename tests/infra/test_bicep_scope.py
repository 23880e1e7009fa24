"""What the reader of Bicep files computes: operators as Bicep binds them, and values that are known without Azure."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.infra.bicep.scope import Scope, alternatives
from tests.infra.bicep.syntax import read_bicep
from tests.infra.bicep.values import Choice, Lambda, Member, Value


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("a ? b : c.d", "c.d"),
        ("a ? b : c!.outputs.d", "c!.outputs.d"),
        ("a ? b : c.d(e).f", "c.d(e).f"),
        ("a ? b : x ? c : d[0]", "x ? c : d[0]"),
        ("a ? b : c.?d ?? 'e'", "c.?d ?? 'e'"),
        ("a.b > 1 && c.d ? e : f.g", "f.g"),
    ],
)
def test_what_follows_binds_to_the_last_operand(tmp_path: Path, source: str, last: str) -> None:
    """The grammar itself reads `a ? b : c.d` as `(a ? b : c).d`."""
    path = tmp_path / "a.bicep"
    path.write_text(f"var v = {source}\nvar w = x => {last}\nvar z = ({source}).z\n", encoding="utf-8")
    choice, function, closed = (row.value for row in read_bicep(path).vars.values())

    assert isinstance(choice, Choice)
    assert (str(choice), str(choice.otherwise)) == (source, last)
    assert isinstance(function, Lambda)
    assert str(function.body) == last
    assert isinstance(closed, Member)
    assert isinstance(closed.base, Choice)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("!empty('x') && 2 > 1", True),
        ("false && open", False),
        ("open || true", True),
        ("'a' == 'b' ? 1 : 2", 2),
        ("null ?? 'x'", "x"),
        ("filter([1, 2, 3], n => n > 1)", [2, 3]),
        ("map([{ n: 1 }], one => one.n)", [1]),
        ("concat(['a'], ['b'])", ["a", "b"]),
        ("replace('a_b', '_', '-')", "a-b"),
        ("string(3)", "3"),
        ("[for (n, i) in ['x', 'y']: '${i}${n}']", ["0x", "1y"]),
    ],
)
def test_functions_and_operators_of_known_values(tmp_path: Path, source: str, wanted: Value) -> None:
    path = tmp_path / "a.bicep"
    path.write_text(f"param open bool\nvar a = {source}\n", encoding="utf-8")
    file = read_bicep(path)

    assert Scope(file=file).value(file.vars["a"].value) == wanted


def test_switches_of_an_entry_file_stay_open_and_other_defaults_count(tmp_path: Path) -> None:
    path = tmp_path / "a.bicep"
    path.write_text(
        "param on bool = false\nparam uri string = ''\nparam n string = 'x'\n"
        "var a = [on ? 1 : 2, empty(uri) ? 3 : 4, n]\n",
        encoding="utf-8",
    )
    file = read_bicep(path)

    values = Scope(file=file, entry=True).value(file.vars["a"].value)
    assert isinstance(values, list)
    assert [alternatives(one) for one in values] == [[1, 2], [3, 4], ["x"]]
    assert Scope(file=file).value(file.vars["a"].value) == [2, 3, "x"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t'$\\"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def written(value: Value) -> str:
    """A plain value as a Bicep file writes it."""
    match value:
        case None | bool() | int():
            return {None: "null", True: "true", False: "false"}[value] if isinstance(value, bool | None) else str(value)
        case list():
            return "".join(["[\n", *(f"{written(item)}\n" for item in value), "]"])
        case dict():
            return "".join(["{\n", *(f"{written(key)}: {written(item)}\n" for key, item in value.items()), "}"])
        case _:
            text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
            return "'" + text.replace("\n", "\\n").replace("\t", "\\t") + "'"


@given(value=VALUES)
def test_a_plain_value_reads_back(value: Value, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bicep") / "a.bicep"
    path.write_text(f"var a = {written(value)}\n", encoding="utf-8")

    file = read_bicep(path)

    assert file.errors == ()
    assert file.vars["a"].value == value
    assert type(file.vars["a"].value) is type(value)
