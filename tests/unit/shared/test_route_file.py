"""The route file: what it can say, and every mistake with its line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.routing.route_file import RouteFileError, parse_routes
from shared.routing.routes import Route, RouteTable, Streaming
from shared.webhooks.schemes import Scheme

SECRETS = {"GITHUB_WEBHOOK_SECRET": "s3cret", "OLD": "old"}

#: The mistake on each line carries a mark; the problem of that line must hold the words after it.
MARK = re.compile(r"#! (.+)")


def parsed(text: str, *, database: str | None = "Events") -> RouteTable:
    return parse_routes(text, database=database, secrets=SECRETS)


def problems_of(text: str, *, database: str | None = "Events") -> list[str]:
    with pytest.raises(RouteFileError) as caught:
        parsed(text, database=database)
    return list(caught.value.problems)


def only(text: str) -> Route:
    (route,) = parsed(text)
    return route


def test_all_that_a_route_can_say() -> None:
    route = only("""
[routes.storms]
database = "Weather"
table = "MyStormEvents"
format = "CSV"
mapping = ["a", "b"]
ignore_first_record = true
blobs = ["storms/**/*.csv"]
deadline = 8
streaming = "never"
""")
    assert (route.name, route.database, route.table, route.tables) == ("storms", "Weather", "MyStormEvents", ())
    assert (route.data_format, route.mappings, route.ignore_first_record) == (DataFormat.CSV, ("a", "b"), True)
    assert [blob.text for blob in route.blobs] == ["storms/**/*.csv"]
    assert (route.deadline, route.streaming, route.webhook) == (8.0, Streaming.NEVER, None)


def test_what_a_route_leaves_out() -> None:
    route = only('[routes.r]\ntable = "T"')
    assert (route.database, route.data_format, route.mappings) == ("Events", None, ())
    assert (route.ignore_first_record, route.blobs, route.deadline) == (False, (), None)
    assert route.streaming is Streaming.AUTO


def test_tags_are_for_queued_routes() -> None:
    route = only('[routes.r]\ntable = "T"\nstreaming = "never"\ntags = ["a", "drop-by:b"]\nonce = true')
    assert (route.tagging.tags, route.tagging.once) == (("a", "drop-by:b"), True)
    for line in ('tags = ["a"]', "once = true"):
        for streaming in ("auto", "always"):
            (problem,) = problems_of(f'[routes.r]\ntable = "T"\nstreaming = "{streaming}"\n{line}')
            assert problem.startswith("routes file, line 4: ")
            assert "never" in problem


def test_a_webhook_route_is_json() -> None:
    route = only("""
[routes.github]
table = "WebhookEvents"
mapping = "m"
webhook = { scheme = "github", secret = ["GITHUB_WEBHOOK_SECRET", "OLD"] }
""")
    assert route.data_format is DataFormat.JSON
    assert route.webhook
    assert route.webhook.scheme is Scheme.GITHUB
    assert [secret.value for secret in route.webhook.secrets] == ["s3cret", "old"]


def test_a_route_of_many_tables() -> None:
    route = only(
        '[routes.t]\ntables = ["Sensor_*"]\nformat = "json"\nmapping = "{table}_json"\nblobs = ["t/{table}/**"]'
    )
    assert (route.table, route.tables) == (None, ("Sensor_*",))


MISTAKES = """\
[routes.a]                                #! `table` or `tables`
database = "x;drop"                       #! Kusto name
format = "exe"                            #! unknown format
colour = "red"                            #! unknown key `colour`
ignore_first_record = "yes"               #! bool
deadline = 0                              #! above 0
streaming = "sometimes"                   #! auto, always, never
blobs = ["/a", "b/**c", "{x}"]            #! leading

[routes.b]
table = "T"
tables = ["U"]
mapping = ""                              #! list of texts
format = "json"                           #! needs a `mapping`
blobs = "b/*"                             #! list of texts

[routes.c]
tables = ["a b", "x[y]"]                  #! table pattern
format = "parquet"
mapping = "m"
ignore_first_record = true                #! no header row
blobs = ["c/*.parquet"]                   #! `{table}` belongs

[routes.d]
table = "T"
blobs = ["d/{table}/x"]                   #! `{table}` belongs

[routes.e]
table = "T"
format = "csv"
webhook = { scheme = "github", secret = "GITHUB_WEBHOOK_SECRET" } #! format `json`

[routes.f]
table = "T"
mapping = "m"
webhook = { scheme = "github", secret = "MISSING" }               #! MISSING

[routes.g]
table = "T"
blobs = ["logs/**/*.csv"]

[routes.h]
table = "T"
blobs = ["logs/2026/*"]                   #! overlaps `logs/**/*.csv` of route g

[routes."i j"]                            #! letters, digits
table = "T"

[other]                                   #! unknown key `other`
x = 1
"""


@pytest.mark.parametrize(
    ("line", "words"),
    [(n, m[1]) for n, text in enumerate(MISTAKES.splitlines(), 1) if (m := MARK.search(text))],
)
def test_each_mistake_is_named_with_its_line(line: int, words: str) -> None:
    found = [problem for problem in problems_of(MISTAKES) if problem.startswith(f"routes file, line {line}: ")]
    assert any(words in problem for problem in found), found


def test_no_line_without_a_mistake_is_named() -> None:
    marked = {n for n, text in enumerate(MISTAKES.splitlines(), 1) if MARK.search(text)}
    named = {int(problem.split()[3].rstrip(":")) for problem in problems_of(MISTAKES)}
    assert named == marked | {11}  # `table` beside `tables` in route b


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Add at least one route"),
        ("[routes]", "Add at least one route"),
        ("routes = 5", "Add at least one route"),
        ("[routes]\nx = 5", "must be a table"),
        ("[routes.a\n", "not valid TOML"),
        ('[routes.a]\ntable = "T"\n[routes.a]\n', "not valid TOML"),
        ('[routes.a]\ntable = "T"\ndeadline = true', "above 0"),
        ('[routes.a]\ntable = "T"\ndeadline = nan', "above 0"),
        ('[routes.a]\ntable = "T"\ndeadline = inf', "above 0"),
        ("[routes.a]\ntable = 5", "Kusto name"),
        ('[routes.a]\ntable = "T"\nblobs = [5]', "list of texts"),
        ('[routes.a]\ntable = "T"\nblobs = [""]', "list of texts"),
        ('[routes.a]\ntable = "T"\nformat = 5', "must be a str"),
        ('[routes.a]\ntable = "T"\nwebhook = "github"', "must be a table"),
        ('[routes.a]\ntable = "T"\nwebhook = { scheme = "md5" }', "one of github, standard"),
        ('[routes.a]\ntable = "T"\nwebhook = { scheme = "github" }', "needs `secret`"),
        ('[routes.a]\ntable = "T"\nwebhook = { scheme = "github", secret = "OLD", key = 1 }', "unknown key `key`"),
    ],
)
def test_mistakes_of_a_whole_file(text: str, words: str) -> None:
    assert words in " ".join(problems_of(text))


def test_a_route_needs_a_database_from_somewhere() -> None:
    (problem,) = problems_of('[routes.a]\ntable = "T"', database=None)
    assert "KUSTO_DATABASE" in problem


def test_invalid_toml_is_named_with_its_line() -> None:
    (problem,) = problems_of('[routes.a]\ntable = "T"\ndeadline = ,')
    assert "line 3" in problem


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n[ routes.a ]\ntable = 5", 3),
        ('[routes."a"]\ntable = 5', 2),
        ("[routes.ab]\ntable = 'T'\n[routes.a]\n'table' = 5", 4),
        ("[routes.a]\nblobs = [\n  'x',\n]\ntable = 5", 5),
        ("[routes.a]\n# table = 'T'\ntable = 5", 3),
        ("[routes.a.webhook]\nscheme = 'github'\nsecret = 'OLD'\n[routes.a]\ntable = 5\nmapping='m'", 5),
        ("[routes]\na.table = 5", 2),
    ],
)
def test_lines_in_files_that_are_written_otherwise(text: str, line: int) -> None:
    assert any(problem.startswith(f"routes file, line {line}: ") for problem in problems_of(text)), problems_of(text)


def test_patterns_of_one_route_may_overlap() -> None:
    assert only('[routes.a]\ntable = "T"\nblobs = ["a/**", "a/*.csv"]').blobs


@pytest.mark.parametrize(("left", "right"), [("a/*", "a/{table}"), ("**", "x/y"), ("a/**/b", "a/b"), ("a?", "ab")])
def test_two_routes_may_not(left: str, right: str) -> None:
    def table(pattern: str) -> str:
        return 'tables = ["T*"]' if "{table}" in pattern else 'table = "T"'

    text = f'[routes.l]\n{table(left)}\nblobs = ["{left}"]\n[routes.r]\n{table(right)}\nblobs = ["{right}"]'
    (problem,) = problems_of(text)
    assert problem.startswith("routes file, line 6: route r: ")


def test_a_secret_is_never_shown() -> None:
    text = '[routes.a]\nwebhook = { scheme = "github", secret = ["GITHUB_WEBHOOK_SECRET", "MISSING"] }'
    assert "s3cret" not in " ".join(problems_of(text))
    assert "s3cret" not in repr(
        only('[routes.a]\ntable="T"\nmapping="m"\nwebhook={scheme="github",secret="GITHUB_WEBHOOK_SECRET"}')
    )


_keys = st.sampled_from(
    ["database", "table", "tables", "format", "mapping", "ignore_first_record", "blobs", "webhook", "deadline", "x-y"]
)
_toml = st.one_of(
    st.sampled_from(['"T"', '""', "5", "-1.5", "nan", "true", "[]", '["a*"]', "[1]", "{}", "1979-05-27", "[[]]"]),
    st.sampled_from(['{ scheme = "github", secret = [] }', "{ scheme = 5 }", '"csv"', '"json"', '["{table}/**"]']),
)


@given(entries=st.dictionaries(_keys, _toml, max_size=6))
def test_any_route_is_read_or_refused(entries: dict[str, str]) -> None:
    text = "[routes.a]\n" + "\n".join(f"{key} = {value}" for key, value in entries.items())
    try:
        (route,) = parsed(text)
    except RouteFileError as error:
        assert all(problem.startswith("routes file") for problem in error.problems)  # noqa: PT017 - either way is right
    else:
        assert (route.table is None) is bool(route.tables)


@given(text=st.text(st.sampled_from('[]routes.a"=\n# {}'), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(RouteFileError):
        parsed(text)
