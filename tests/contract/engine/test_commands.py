"""Management commands as the service documents them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from azure.kusto.data.exceptions import KustoApiError

from local.kusto.engine import Engine


def refused(cluster: Any, text: str, database: str = "Events") -> tuple[str, str]:
    with pytest.raises(KustoApiError) as caught:
        cluster.mgmt(text, database)
    error = caught.value.get_api_error()
    assert error.permanent
    return error.code, error.description


@pytest.mark.parametrize(
    "text",
    [
        ".foo bar",
        ".create",
        ".create table",
        ".create table X",
        ".create table X (a)",
        ".create table X (a:string) trailing",
        ".create table X (a:string, a:long)",
        ".show nonsense",
        ".alter table Y policy nonsense '{}'",
        ".execute database script",
        ".ingest inline into table X",
        ".drop",
    ],
)
def test_what_is_not_a_command_is_a_syntax_error(cluster: Any, text: str) -> None:
    code, description = refused(cluster, text)

    assert code == "General_BadRequest"
    assert description.startswith("Syntax error")


def test_a_query_is_no_command_and_a_command_is_no_query(cluster: Any) -> None:
    for path, text in (
        ("v1/rest/mgmt", "print 1"),
        ("v2/rest/query", ".show tables"),
        ("v1/rest/query", ".show tables"),
    ):
        answer = requests.post(f"{cluster.url}/{path}", json={"db": "Events", "csl": text}, timeout=10)
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"db":"Events"}', '{"csl":5}', "{" * 5000, '{"csl":"x","properties":"{"}']
)
def test_a_malformed_statement_is_a_bad_request(cluster: Any, body: str) -> None:
    for path in ("v1/rest/mgmt", "v2/rest/query"):
        answer = requests.post(f"{cluster.url}/{path}", data=body, timeout=10)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "General_BadRequest")


def test_create_table_leaves_an_existing_table_as_it_is(cluster: Any) -> None:
    table = cluster.table("a:string")

    cluster.mgmt(f".create table {table} (b:long) with (folder='elsewhere')")

    (shown,) = cluster.mgmt(f".show table {table} cslschema")
    assert (shown["Schema"], shown["Folder"]) == ("a:string", "")


def test_create_merge_adds_columns_and_refuses_another_type(cluster: Any) -> None:
    table = cluster.table("a:string")
    cluster.stream(table, b"x\n")

    cluster.mgmt(f".create-merge table {table} (b:long, a:string, ['c d']:dynamic)")
    code, description = refused(cluster, f".create-merge table {table} (a:long)")

    (shown,) = cluster.mgmt(f".show table {table} schema as json")
    names = [(c["Name"], c["CslType"]) for c in json.loads(str(shown["Schema"]))["OrderedColumns"]]
    assert names == [("a", "string"), ("b", "long"), ("c d", "dynamic")]
    assert (code, "type string, not long" in description) == ("General_BadRequest", True)
    assert cluster.query(table) == [{"a": "x", "b": None, "c d": None}]


def test_alter_table_reorders_and_drops(cluster: Any) -> None:
    table = cluster.table("a:string, b:long")
    cluster.stream(table, b"x,1\n")

    cluster.mgmt(f".alter table {table} (b:long, c:string)")
    cluster.stream(table, b"2,y\n")

    assert cluster.query(f"{table} | order by b asc") == [{"b": 1, "c": ""}, {"b": 2, "c": "y"}]


def test_drop_rename_and_clear(cluster: Any) -> None:
    table, other = cluster.table(), cluster.table()
    cluster.stream(table, b"x,1\n")

    cluster.mgmt(f".rename table {table} to {table}_new")
    assert cluster.count(f"{table}_new") == 1
    cluster.mgmt(f".clear table {table}_new data")
    assert cluster.count(f"{table}_new") == 0
    remaining = cluster.mgmt(f".drop tables ({table}_new, {other})")

    assert table not in {row["TableName"] for row in remaining}
    assert refused(cluster, f".drop table {table}")[0] == "BadRequest_EntityNotFound"
    cluster.mgmt(f".drop table {table} ifexists")


def test_show_commands_take_query_operators(cluster: Any) -> None:
    table = cluster.table()

    assert cluster.mgmt(f".show tables | where TableName == '{table}' | project TableName, n = 1") == [
        {"TableName": table, "n": 1}
    ]


def test_a_mapping_lives(cluster: Any) -> None:
    table = cluster.table()
    place = f"table {table} ingestion json mapping"

    assert refused(cluster, f".show {place} 'm'")[0] == "BadRequest_EntityNotFound"
    assert (
        refused(cluster, f""".alter {place} 'm' '[{{"column":"a","path":"$.a"}}]'""")[0] == "BadRequest_EntityNotFound"
    )
    cluster.mgmt(f""".create {place} "m" '[' '{{"column":"a","path":"$.x"}}' ']'""")
    assert refused(cluster, f""".create {place} 'm' '[{{"column":"a","path":"$.a"}}]'""")[0].endswith("AlreadyExists")
    cluster.mgmt(f""".create-or-alter {place} 'm' @'[{{"column":"a","path":"$[''x y'']"}}]'""")
    cluster.stream(table, b'{"x y":"found"}', streamFormat="json", mappingName="m")
    shown = cluster.mgmt(f".show table {table} ingestion mappings")
    cluster.mgmt(f".drop {place} 'm'")

    assert cluster.query(f"{table} | project a") == [{"a": "found"}]
    assert [(row["Name"], row["Kind"]) for row in shown] == [("m", "Json")]
    assert cluster.mgmt(f".show table {table} ingestion mappings") == []


@pytest.mark.parametrize(
    "mapping",
    ["", "[]", "{}", "[5]", "not json", '[{"path":"$.a"}]', '[{"column":"a"}]', '[{"column":"a","path":"a"}]',
     '[{"column":"a","path":"$..a"}]', '[{"column":"a","path":"$.a","transform":"Nope"}]',
     '[{"column":"a","path":"$.a"},{"column":"a","path":"$.b"}]'],
)  # fmt: skip
def test_a_malformed_mapping_is_refused(cluster: Any, mapping: str) -> None:
    table = cluster.table()

    assert refused(cluster, f".create table {table} ingestion json mapping 'm' '{mapping}'")[0] == (
        "BadRequest_InvalidMapping"
    )


@pytest.mark.parametrize(
    ("command", "policy", "expected"),
    [
        ("policy streamingingestion disable", "streamingingestion", {"IsEnabled": False}),
        ("""policy streamingingestion '{"IsEnabled": true, "HintAllocatedRate": 2.1}'""", "streamingingestion",
         {"IsEnabled": True, "HintAllocatedRate": 2.1}),
        ("""policy ingestionbatching ```{"MaximumBatchingTimeSpan":"00:00:30"}```""", "ingestionbatching",
         {"MaximumBatchingTimeSpan": "00:00:30"}),
        ("policy caching hot = 7d", "caching", {"DataHotSpan": "7.00:00:00"}),
        ("policy retention softdelete = 10d recoverability = disabled", "retention",
         {"SoftDeletePeriod": "10.00:00:00", "Recoverability": "Disabled"}),
    ],
)  # fmt: skip
def test_a_policy_is_set_shown_and_deleted(cluster: Any, command: str, policy: str, expected: object) -> None:
    table = cluster.table(streaming=False)

    cluster.mgmt(f".alter table {table} {command}")
    (shown,) = cluster.mgmt(f".show table {table} policy {policy}")
    cluster.mgmt(f".delete table {table} policy {policy}")
    (deleted,) = cluster.mgmt(f".show table {table} policy {policy}")

    assert json.loads(str(shown["Policy"])) == expected
    assert deleted["Policy"] == "null"


@pytest.mark.parametrize("span", ["00:00:09", "00:31:00", "soon"])
def test_a_batching_time_outside_the_documented_bounds_is_refused(cluster: Any, span: str) -> None:
    table = cluster.table()
    body = json.dumps({"MaximumBatchingTimeSpan": span})

    assert refused(cluster, f".alter table {table} policy ingestionbatching '{body}'")[0] == "General_BadRequest"


def test_the_batching_policy_of_the_table_goes_over_the_databases_over_the_default(new_cluster: Any) -> None:
    cluster = new_cluster(Engine())
    table = cluster.table()

    def policy() -> tuple[float, int, int]:
        found = cluster.engine.batching_policy("Events", table)
        return found.maximum_batching_time_span, found.maximum_number_of_items, found.maximum_raw_data_size_mb

    assert policy() == (300.0, 500, 1024)
    cluster.mgmt(""".alter database Events policy ingestionbatching '{"MaximumBatchingTimeSpan":"00:00:20"}'""")
    assert policy() == (20.0, 500, 1024)
    cluster.mgmt(
        f".alter table {table} policy ingestionbatching "
        """'{"MaximumNumberOfItems": 3, "MaximumRawDataSizeMB": 100}'"""
    )
    assert policy() == (300.0, 3, 100)


SCRIPT = """.execute database script {options} <|
// A comment first

.create table {table} (a:string,
    b:long)

.create-or-alter table {table} ingestion csv mapping 'm'
```
[{{"column":"a",

  "Ordinal":0}}]
```
.alter table {table} policy streamingingestion enable
.create table {table}x (a:nonsense)
.show tables
.create-merge table {table} (c:long)
"""


def test_a_script_reports_each_command_and_stops_at_the_first_failure(cluster: Any) -> None:
    report = cluster.mgmt(SCRIPT.format(options="", table="Script1"))

    assert [row["Result"] for row in report] == ["Completed", "Completed", "Completed", "Failed"]
    assert "nonsense" in str(report[-1]["Reason"])
    assert cluster.stream("Script1", b"x,1\n", mappingName="m").status_code == 200


def test_a_script_goes_on_or_throws_as_asked(cluster: Any) -> None:
    going_on = cluster.mgmt(SCRIPT.format(options="with (ContinueOnErrors=true)", table="Script2"))
    thrown = refused(cluster, SCRIPT.format(options="with (ThrowOnErrors=true)", table="Script3"))

    assert [row["Result"] for row in going_on][3:] == ["Failed", "Skipped", "Completed"]
    assert "nonsense" in thrown[1]


def test_functions_and_views_serve_queries(cluster: Any) -> None:
    table = cluster.table()
    cluster.stream(table, b"x,1\nx,2\ny,3\n")

    cluster.mgmt(
        f".create-or-alter function with (docstring='d') F_{table}(from:long = 2) {{ {table} | where b >= from }}"
    )
    cluster.mgmt(f".create materialized-view V_{table} on table {table} {{ {table} | summarize arg_max(b, *) by a }}")
    cluster.stream(table, b"y,9\n")

    assert cluster.query(f"F_{table}() | count") == [{"Count": 3}]
    assert cluster.query(f"F_{table}(3) | count") == [{"Count": 2}]
    assert cluster.query(f"V_{table} | order by a asc") == [{"a": "x", "b": 2}, {"a": "y", "b": 9}]
    assert refused(cluster, f".create function F_{table}() {{ {table} }}")[0].endswith("AlreadyExists")
    assert [row["Name"] for row in cluster.mgmt(".show functions") if table in str(row["Name"])] == [f"F_{table}"]


def test_set_and_append(cluster: Any) -> None:
    table = cluster.table()

    cluster.mgmt(f".set-or-append {table}s <| range b from 1 to 3 step 1 | project a = 'x', b")
    cluster.mgmt(f".append {table}s <| print a = 'y', b = long(4)")
    cluster.mgmt(f""".set-or-append {table}s with (tags='["ingest-by:k"]', ingestIfNotExists='["k"]') <| {table}s""")
    cluster.mgmt(f""".set-or-append {table}s with (tags='["ingest-by:k"]', ingestIfNotExists='["k"]') <| {table}s""")
    assert cluster.count(f"{table}s") == 8
    mismatch = refused(cluster, f".append {table}s <| print a = 'only'")
    cluster.mgmt(f".set-or-replace {table}s <| print a = 'z', b = long(5)")

    assert "does not match" in mismatch[1]
    assert refused(cluster, f".set {table}s <| print a = 1")[0].endswith("AlreadyExists")
    assert cluster.query(f"{table}s") == [{"a": "z", "b": 5}]


def test_extents_carry_tags_rows_and_creation_time_and_can_be_dropped(cluster: Any) -> None:
    table = cluster.table()
    cluster.mgmt(f""".ingest inline into table {table} with (tags='["drop-by:x","t"]', creationTime='2020-05-01') <|
x,1
y,2""")
    cluster.mgmt(f".ingest inline into table {table} with (ignoreFirstRecord=true) <|\na,b\nz,3\n")

    tagged = cluster.mgmt(f".show table {table} extents where tags has 'drop-by:x'")
    cluster.mgmt(f".drop extents <| .show table {table} extents where tags has 'drop-by:x'")

    assert [(row["RowCount"], row["Tags"], row["MinCreatedOn"].date().isoformat()) for row in tagged] == [
        (2, "drop-by:x\r\nt", "2020-05-01")
    ]
    assert cluster.query(table) == [{"a": "z", "b": 3}]


def test_a_transactional_update_policy_takes_the_source_along(cluster: Any) -> None:
    source, target = cluster.table(), cluster.table("a:string, b:long")
    policy = [{"IsEnabled": True, "Source": source, "Query": f"{source} | where b > 1", "IsTransactional": True}]
    cluster.mgmt(f".alter table {target} policy update @'{json.dumps(policy)}'")

    cluster.stream(source, b"x,1\ny,2\n")
    cluster.stream(source, b"z,3\n")
    cluster.mgmt(f".alter table {target} (a:string, b:long, c:long)")
    failed = cluster.stream(source, b"lost,4\n")

    assert cluster.query(f"{target} | project a, b | order by b asc") == [{"a": "y", "b": 2}, {"a": "z", "b": 3}]
    assert failed.json()["error"]["code"] == "UpdatePolicy_QuerySchemaDoesNotMatchTableSchema"
    assert cluster.count(source) == 3


def test_any_other_update_policy_leaves_the_source_rows(cluster: Any) -> None:
    source, target = cluster.table(), cluster.table("n:long")
    policy = [{"IsEnabled": True, "Source": source, "Query": f"{source} | project nothing", "IsTransactional": False}]
    cluster.mgmt(f".alter table {target} policy update @'{json.dumps(policy)}'")

    answer = cluster.stream(source, b"x,1\n")

    assert answer.status_code == 200
    assert (cluster.count(source), cluster.count(target)) == (1, 0)


def test_ingestion_time_and_percentiles(cluster: Any) -> None:
    table = cluster.table()
    cluster.stream(table, b"x,1\nx,2\nx,3\n")

    (row,) = cluster.query(
        f"{table} | where ingestion_time() between (ago(5m) .. now()) | summarize percentiles(b, 50, 99)"
    )
    assert row == {"percentile_b_50": 2, "percentile_b_99": 3}
    assert set(cluster.query(f"{table} | extend t = ingestion_time() | take 1")[0]) == {"a", "b", "t"}


@pytest.mark.parametrize(
    "text", ["Missing", "T | wherex", "print x = nofunction(1)", "declare query_parameters(p:long); print p"]
)
def test_a_query_that_cannot_run_says_why(cluster: Any, text: str) -> None:
    with pytest.raises(KustoApiError) as caught:
        cluster.query(text)

    error = caught.value.get_api_error()
    assert error.code == "General_BadRequest"
    assert error.description.startswith(("Syntax error", "Semantic error"))


def test_a_missing_database_is_named(cluster: Any) -> None:
    code, description = refused(cluster, ".show tables", "Nowhere")

    assert code == "BadRequest_EntityNotFound"
    assert "'Nowhere'" in description


def test_cluster_commands_need_no_database(cluster: Any) -> None:
    assert cluster.mgmt(".show version", "NetDefaultDB")[0]["ServiceType"] == "Engine"
    assert "Events" in {row["DatabaseName"] for row in cluster.mgmt(".show databases", "NetDefaultDB")}


def test_columns_are_altered_and_dropped(cluster: Any) -> None:
    table = cluster.table("a:string, b:long, c:dynamic")
    cluster.stream(table, b"x,1,2\n")

    cluster.mgmt(f".alter column {table}.b type=string")
    cluster.mgmt(f".drop column ['{table}'].['c']")
    cluster.mgmt(f".alter table {table} docstring 'about'")
    cluster.mgmt(f".alter table {table} folder 'place'")

    assert cluster.query(table) == [{"a": "x", "b": ""}]
    (shown,) = cluster.mgmt(f".show table {table} cslschema")
    assert (shown["Schema"], shown["DocString"], shown["Folder"]) == ("a:string,b:string", "about", "place")


def test_a_value_over_its_columns_limit_is_dropped_or_cut_unless_the_encoding_policy_says_more(cluster: Any) -> None:
    table = cluster.table("s:string, j:dynamic, big:dynamic")
    long = "x" * (1024 * 1024)
    cluster.mgmt(f".alter column {table}.big policy encoding type='BigObject32'")

    cluster.stream(table, f"{long}tail,{long},{long}\nshort,short,short\n".encode())

    shown = cluster.query(f"{table} | project s = strlen(s), j = strlen(tostring(j)), big = strlen(tostring(big))")
    assert [tuple(row.values()) for row in shown] == [(len(long), 0, len(long)), (5, 5, 5)]


def test_table_names_are_case_sensitive(cluster: Any) -> None:
    table = cluster.table()

    with pytest.raises(KustoApiError, match="could not be resolved"):
        cluster.query(table.upper())
    assert refused(cluster, f".show table {table.upper()}")[0] == "BadRequest_EntityNotFound"
    assert refused(cluster, f".create table {table.upper()} (a:string)")[0] == "BadRequest_EntityNameIsNotValid"
    assert cluster.stream(table.upper(), b"x,1\n").json()["error"]["code"] == "BadRequest_EntityNotFound"


def test_view_and_table_functions_name_entities(cluster: Any) -> None:
    table = cluster.table()
    cluster.stream(table, b"x,1\n")
    cluster.mgmt(f".create materialized-view M_{table} on table {table} {{ {table} | summarize n = count() by a }}")

    assert cluster.query(f"materialized_view('M_{table}') | project n") == [{"n": 1}]
    assert cluster.query(f"table('{table}') | count") == [{"Count": 1}]


@pytest.mark.parametrize("name", ["../outside", "a/b", "", ".hidden", "memory", "events", "x" * 300])
def test_a_name_that_is_no_database_name_is_refused(cluster: Any, name: str) -> None:
    assert refused(cluster, f".create database ['{name}']")[0] in {
        "BadRequest_EntityNameIsNotValid",
        "General_BadRequest",
    }
    assert name not in cluster.engine.databases()


def test_datetimes_and_decimals_are_spelt_as_the_service_spells_them(cluster: Any) -> None:
    text = "print datetime(2020-01-01), datetime(2020-01-01 10:00:00.123456), decimal(1000.50), timespan(null)"
    answer = requests.post(f"{cluster.url}/v2/rest/query", json={"db": "Events", "csl": text}, timeout=10)

    assert answer.json()[2]["Rows"][0][:2] == ["2020-01-01T00:00:00Z", "2020-01-01T10:00:00.1234560Z"]


def test_a_decimal_column_has_no_idle_zeros(cluster: Any) -> None:
    table = cluster.table("d:decimal")
    cluster.stream(table, b"1000\n1.50\n0\n-0.000000000000000001\n")

    answer = requests.post(f"{cluster.url}/v2/rest/query", json={"db": "Events", "csl": table}, timeout=10)

    assert [row[0] for row in answer.json()[2]["Rows"]] == ["1000", "1.5", "0", "-0.000000000000000001"]


@pytest.mark.parametrize("transactional", [False, True])
def test_update_policies_run_after_every_kind_of_ingestion_and_in_chains(cluster: Any, transactional: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    first, second, third = (cluster.table() for _ in range(3))
    for source, target in ((first, second), (second, third)):
        policy = [{"Source": source, "Query": source, "IsEnabled": True, "IsTransactional": transactional}]
        cluster.mgmt(f".alter table {target} policy update @'{json.dumps(policy)}'")

    cluster.stream(first, b"x,1\n")
    cluster.mgmt(f".ingest inline into table {first} <| y,2")
    cluster.mgmt(f".append {first} <| print a = 'z', b = long(3)")

    assert [cluster.count(table) for table in (first, second, third)] == [3, 3, 3]


def test_set_or_replace_reads_the_table_it_replaces(cluster: Any) -> None:
    table = cluster.table()
    cluster.stream(table, b"x,1\ny,2\n")

    cluster.mgmt(f".set-or-replace {table} <| {table} | where b > 1")
    cluster.mgmt(f".set-or-replace {table} <| {table} | extend b = b * 10")

    assert cluster.query(table) == [{"a": "y", "b": 20}]
    assert [row["RowCount"] for row in cluster.mgmt(f".show table {table} extents")] == [1]


def test_the_managed_identity_policy_is_an_array_that_merges_by_identity(new_cluster: Any) -> None:
    cluster = new_cluster(Engine())

    def policy(text: str) -> Any:
        (row,) = cluster.mgmt(text)
        assert row["PolicyName"] == "ManagedIdentityPolicy"
        return json.loads(row["Policy"])

    system = {"ObjectId": "system", "AllowedUsages": "NativeIngestion"}
    both = [
        {"ObjectId": "system", "AllowedUsages": "NativeIngestion, ExternalTable"},
        {"ObjectId": "b", "AllowedUsages": "All"},
    ]
    given = json.dumps([{"ObjectId": "system", "AllowedUsages": "ExternalTable"}, both[1]])
    assert policy(f".alter database Events policy managed_identity '{json.dumps([system])}'") == [system]
    assert policy(f".alter-merge database Events policy managed_identity ```{given}```") == both
    assert policy(".show database Events policy managed_identity") == both
    assert policy(".delete database Events policy managed_identity") is None
    for malformed in ("{}", '[{"ObjectId":"system"}]', "[1]"):
        assert "malformed" in refused(cluster, f".alter database Events policy managed_identity '{malformed}'")[1]


def test_operations_tell_what_ran_and_how_it_ended(new_cluster: Any) -> None:
    cluster = new_cluster(Engine())
    cluster.mgmt(".create table T (a:string)")
    refused(cluster, ".create table U (a:nonsense)")
    cluster.mgmt(".alter-merge table T policy retention softdelete = 10d")

    shown = cluster.mgmt(".show operations | where Operation startswith 'Table'")
    assert [(row["Operation"], row["State"]) for row in shown] == [
        ("TableCreate", "Completed"),
        ("TableCreate", "Failed"),
        ("TablePolicyAlterMerge", "Completed"),
    ]
    assert "nonsense" in shown[1]["Status"]
    assert all(row["Duration"].total_seconds() >= 0 for row in shown)
    first, second, _ = (row["OperationId"] for row in shown)
    assert [row["OperationId"] for row in cluster.mgmt(f".show operations {first}")] == [first]
    assert len(cluster.mgmt(f".show operations ({first}, {second})")) == 2
    assert cluster.mgmt(".show operations 00000000-0000-0000-0000-000000000000") == []


def test_schemas_of_databases_are_shown(new_cluster: Any) -> None:
    cluster = new_cluster(Engine())
    cluster.mgmt(".create tables T (a:string), U (b:long, c:datetime)")
    cluster.mgmt(".create function F() { T | count }")

    (named,) = cluster.mgmt(".show database Events schema as json")
    columns = cluster.mgmt(".show database Events schema")
    cluster.mgmt(".ingest inline into table T <| x")
    cluster.mgmt(".ingest inline into table U <| 1,2020-01-01")

    schema = json.loads(str(named["DatabaseSchema"]))
    schema = schema.get("Databases", {"Events": schema})["Events"]
    assert sorted(schema["Tables"]) == ["T", "U"]
    assert [c["CslType"] for c in schema["Tables"]["U"]["OrderedColumns"]] == ["long", "datetime"]
    assert "F" in schema["Functions"]
    assert {(row["TableName"], row["ColumnName"]) for row in columns if row["ColumnName"]} == {
        ("T", "a"),
        ("U", "b"),
        ("U", "c"),
    }
    assert {row["TableName"] for row in cluster.mgmt(".show database Events extents")} == {"T", "U"}
    assert [row["TableName"] for row in cluster.mgmt(".show tables (T) extents")] == ["T"]
    assert [row["DatabaseName"] for row in cluster.mgmt(".show databases | project DatabaseName")] == ["Events"]
