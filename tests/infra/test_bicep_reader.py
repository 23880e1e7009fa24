"""The reader of Bicep files: what it must see for the other checks to see anything."""

from pathlib import Path

import pytest

from tests.infra.bicep.deployment import deployed, scopes
from tests.infra.bicep.scope import Scope, alternatives
from tests.infra.bicep.syntax import BicepFile, read_bicep
from tests.infra.bicep.values import Call, Choice, Expression, Joined, Member, Name, Operation, Value

_FILE = """targetScope = 'subscription'

@description('Where.')
@allowed(['a', 'b'])
param location string
param size int = 3
param note string?
param names string[] = ['x', 'y']
var prefix = 'ab'
var table = { one: 'eins', 'two-3': -2, yes: true, none: null } // comment
var full = '${prefix}-${table.one}'

resource account 'A.B/accounts@2024-01-01' = if (size > 2) {
  name: full
  location: location
  tags: {
    // a comment
    'azd-env-name': '${location}x'
  }
  resource blobs 'blobServices' = {
    name: 'default'
    @batchSize(1)
    resource containers 'containers' = [for name in names: {
      name: name
    }]
  }
}

resource other 'A.B/accounts@2024-01-01' existing = {
  name: 'it\\'s \\${odd}'
  scope: resourceGroup('g')
}

resource queues 'A.B/queues@2024-01-01' = [for (name, index) in names: if (name != 'x') {
  parent: account::blobs
  name: '${name}${index}'
}]

module inner 'inner.bicep' = {
  name: 'inner'
  params: {
    text: full
    flag: empty(location) ? 'no' : 'yes'
  }
}

@description('What came back.')
@secure()
output back string = inner.outputs.text
"""
_INNER = """param text string
param flag string = 'unset'
param open string = ''
var settings = union({ A: text }, toObject(['S'], name => name, name => '@(${name})'))
resource site 'A.C/sites@2024-01-01' = {
  name: text
  properties: settings
  flag: flag
  open: open
  key: listKeys('id', '1').keys[0].value
}
output text string = '${text}!'
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.bicep").write_text(_FILE, encoding="utf-8")
    (tmp_path / "infra" / "inner.bicep").write_text(_INNER, encoding="utf-8")
    (tmp_path / "infra" / "eventsub.bicep").write_text("param a string\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def main(root: Path) -> BicepFile:
    return read_bicep(root / "infra" / "main.bicep")


def test_declarations_have_names_types_defaults_and_lines(main: BicepFile) -> None:
    assert main.errors == ()
    assert main.target_scope == "subscription"
    assert [(row.name, row.type, row.default, row.required, row.line) for row in main.params.values()] == [
        ("location", "string", None, True, 5),
        ("size", "int", 3, False, 6),
        ("note", "string?", None, False, 7),
        ("names", "string[]", ["x", "y"], False, 8),
    ]
    assert main.params["location"].decorators == {"description": ("Where.",), "allowed": (["a", "b"],)}
    assert main.vars["table"].value == {"one": "eins", "two-3": -2, "yes": True, "none": None}
    assert list(main.outputs["back"].decorators) == ["description", "secure"]


def test_resources_have_full_types_parents_conditions_and_loops(main: BicepFile) -> None:
    assert [(row.name, row.type, row.version, row.parent, row.existing) for row in main.resources] == [
        ("account", "A.B/accounts", "2024-01-01", None, False),
        ("blobs", "A.B/accounts/blobServices", "2024-01-01", "account", False),
        ("containers", "A.B/accounts/blobServices/containers", "2024-01-01", "blobs", False),
        ("other", "A.B/accounts", "2024-01-01", None, True),
        ("queues", "A.B/queues", "2024-01-01", "account::blobs", False),
    ]
    account, _, containers, other, queues = main.resources
    assert str(account.condition) == "size > 2"
    assert containers.decorators == {"batchSize": (1,)}
    assert containers.loop is not None
    assert containers.loop.names == ("name",)
    assert queues.loop is not None
    assert (queues.loop.names, str(queues.loop.condition)) == (("name", "index"), "name != 'x'")
    assert other.body["name"] == "it's ${odd}"
    assert isinstance(other.body["scope"], Call)


def test_modules_have_paths_and_arguments(main: BicepFile) -> None:
    (module,) = main.modules

    assert (module.name, module.path, list(module.params)) == ("inner", "inner.bicep", ["text", "flag"])


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("'a'", "a"),
        ("'''\nx ${y}\n'''", "x ${y}\n"),
        (r"'\'\\\n\u{41}'", "'\\\nA"),
        ("'https://x//y'", "https://x//y"),
        ("-7", -7),
        ("[\n  1 // one\n  'b'\n\n  true\n]", [1, "b", True]),
        ("{ a: { b: [] } }", {"a": {"b": []}}),
        ("(('x'))", "x"),
    ],
)
def test_literals_are_python_values(tmp_path: Path, source: str, wanted: Value) -> None:
    path = tmp_path / "a.bicep"
    path.write_text(f"var a = {source}\n", encoding="utf-8")

    assert read_bicep(path).vars["a"].value == wanted


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("b", Name),
        ("b.?c", Member),
        ("b!.outputs.c", Member),
        ("b['c']", Member),
        ("a::c", Member),
        ("'x${b}'", Joined),
        ("st.listKeys()", Call),
        ("b == c", Operation),
        ("!b", Operation),
        ("b ? c : d", Choice),
    ],
)
def test_the_rest_keeps_its_source(tmp_path: Path, source: str, kind: type[Expression]) -> None:
    path = tmp_path / "a.bicep"
    path.write_text(f"var a = {source}\n", encoding="utf-8")

    value = read_bicep(path).vars["a"].value

    assert type(value) is kind
    assert str(value) == source


def test_what_is_known_is_computed(main: BicepFile) -> None:
    scope = Scope(file=main, entry=True)

    assert scope.value(main.vars["full"].value) == "ab-eins"
    assert scope.value(main.outputs["back"].value) == "ab-eins!"


def test_a_deployment_holds_the_modules_and_every_round_of_a_loop(root: Path) -> None:
    rows = [(row.type.rpartition("/")[2], row.at("name"), row.conditional) for row in deployed(root)]

    assert rows == [
        ("accounts", "ab-eins", True),
        ("blobServices", "default", False),
        ("containers", "x", False),
        ("containers", "y", False),
        ("queues", "x0", True),
        ("queues", "y1", True),
        ("sites", "ab-eins", False),
    ]


def test_arguments_reach_modules_and_open_conditions_stay_open(root: Path) -> None:
    site = deployed(root)[-1]

    assert site.at("properties") == {"A": "ab-eins", "S": "@(S)"}
    assert alternatives(site.at("flag")) == ["no", "yes"]
    assert site.at("open") == ""
    assert str(site.at("key")) == "listKeys('id', '1').keys[0].value"


def test_scopes_are_the_entry_files_and_their_modules(root: Path) -> None:
    assert [scope.file.path.name for scope in scopes(root)] == ["main.bicep", "inner.bicep", "eventsub.bicep"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("var a = {\n  b 1\n}\n", "2:"),
        ("resource a 'x@1' = {\n  name: 'x'\n", "1:"),
        ("param a string =\n", "1:"),
    ],
)
def test_what_cannot_be_parsed_is_told_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "a.bicep"
    path.write_text(text, encoding="utf-8")

    errors = read_bicep(path).errors

    assert errors
    assert any(error.startswith(place) for error in errors)


def test_mentions_are_uses_and_not_declarations_or_keys(tmp_path: Path) -> None:
    path = tmp_path / "a.bicep"
    path.write_text("param idle string\nparam busy string\nvar x = {\n  idle: '${busy}'\n}\n", encoding="utf-8")

    assert read_bicep(path).mentions == ("busy",)
