"""The route table: a closed list, and one answer for all that is not on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.outcome import Code, Problem, Refused
from shared.routing.globs import BlobPattern
from shared.routing.routes import Route, RouteTable, Target, not_found
from shared.webhooks.schemes import Scheme, Secret, Webhook

WEBHOOK = Webhook(scheme=Scheme.GITHUB, secrets=(Secret("s"),))


def route(**given: object) -> Route:
    return Route(**{"name": "r", "database": "d", "table": "t", **given})  # type: ignore[arg-type]


def many(**given: object) -> Route:
    return route(table=None, tables=("Sensor_*", "Device_?"), **given)


def refusal(what: object, *args: object, **named: object) -> Problem:
    with pytest.raises(Refused) as caught:
        what(*args, **named)  # type: ignore[operator]
    return caught.value.problem


def test_a_target_is_the_routes() -> None:
    target = route(mappings=("m", "n")).target(table=None, data_format=DataFormat.JSON)
    assert target == Target(database="d", table="t", data_format=DataFormat.JSON, mapping="m")


def test_a_caller_may_choose_among_the_routes_mappings() -> None:
    offered = route(mappings=("m", "n"))
    assert offered.target(table=None, data_format=DataFormat.JSON, mapping="n").mapping == "n"
    problem = refusal(offered.target, table=None, data_format=DataFormat.JSON, mapping="other")
    assert problem.code is Code.MALFORMED_PARAMETER
    assert "m, n" in problem.detail


def test_a_table_stands_in_the_mappings_name() -> None:
    chosen = many(mappings=("{table}_json",))
    assert chosen.target(table="Sensor_1", data_format=DataFormat.JSON).mapping == "Sensor_1_json"
    assert chosen.target(table="Sensor_1", data_format=DataFormat.JSON, mapping="Sensor_1_json").mapping
    assert refusal(chosen.target, table="Sensor_1", data_format=DataFormat.JSON, mapping="Sensor_2_json")


@pytest.mark.parametrize("table", ["Sensor_17", "Sensor_", "Device_1"])
def test_a_table_that_the_list_allows(table: str) -> None:
    assert many().target(table=table, data_format=DataFormat.CSV).table == table


@pytest.mark.parametrize("table", [None, "", "sensor_1", "Device_12", "xSensor_1", "Secrets", "t"])
def test_a_table_outside_the_list_is_not_there(table: str | None) -> None:
    assert refusal(many().target, table=table, data_format=DataFormat.CSV) == not_found()


@pytest.mark.parametrize("table", ["t", "u", "", "*"])
def test_a_route_with_one_table_takes_no_other(table: str) -> None:
    assert refusal(route().target, table=table, data_format=DataFormat.CSV) == not_found()


@pytest.mark.parametrize("rest", ["1/../x", "1\n", "1'] | .drop table x", "\x00", "1?a=b", '1"', "1;2", "a" * 2000])
def test_a_wide_pattern_lets_nothing_through_that_is_no_kusto_name(rest: str) -> None:
    # Microsoft docs, "Entity names": letters, digits, `_`, space, `.` and `-`, at most 1024 characters.
    assert refusal(many().target, table=f"Sensor_{rest}", data_format=DataFormat.CSV) == not_found()


@pytest.mark.parametrize("data_format", [DataFormat.JSON, DataFormat.AVRO, DataFormat.PARQUET])
def test_a_format_that_needs_a_mapping_is_refused_without_one(data_format: DataFormat) -> None:
    problem = refusal(route().target, table=None, data_format=data_format)
    assert problem.code is Code.UNSUPPORTED_MEDIA_TYPE
    assert "mapping" in problem.detail


def test_csv_needs_none() -> None:
    assert route().target(table=None, data_format=DataFormat.CSV).mapping is None


@pytest.mark.parametrize("data_format", DataFormat)
def test_only_lines_have_a_header_to_skip(data_format: DataFormat) -> None:
    assert not route(ignore_first_record=False).skips_header(data_format)
    assert route(ignore_first_record=True).skips_header(data_format) is (
        data_format in {*["csv", "tsv", "tsve", "psv", "scsv", "sohsv", "txt"]}
    )


def test_routes_are_found_by_name_and_kind() -> None:
    plain, hook = route(name="plain"), route(name="hook", webhook=WEBHOOK)
    table = RouteTable({"plain": plain, "hook": hook})
    assert list(table) == [plain, hook]
    assert table.named("plain") is plain
    assert table.hook("hook") == (hook, WEBHOOK)


@given(name=st.one_of(st.sampled_from(["hook", "PLAIN", "plain ", ""]), st.text()))
def test_what_is_unknown_and_what_is_forbidden_look_the_same(name: str) -> None:
    table = RouteTable({"plain": route(name="plain"), "hook": route(name="hook", webhook=WEBHOOK)})
    if name != "plain":
        assert refusal(table.named, name) == not_found()
    if name != "hook":
        assert refusal(table.hook, name) == not_found()


def test_a_webhook_route_takes_no_unsigned_body() -> None:
    assert refusal(RouteTable({"hook": route(webhook=WEBHOOK)}).named, "hook") == not_found()


def test_a_blob_finds_its_route_and_table() -> None:
    storms = route(name="storms", blobs=(BlobPattern("storms/**/*.csv"), BlobPattern("storms/**/*.csv.gz")))
    telemetry = many(name="telemetry", blobs=(BlobPattern("telemetry/{table}/**"),))
    table = RouteTable({"storms": storms, "telemetry": telemetry})
    found = table.of_blob("storms/2026/a.csv.gz")
    assert found
    assert (found.route, found.table) == (storms, None)
    found = table.of_blob("telemetry/Sensor_1/a.json")
    assert found
    assert (found.route, found.table) == (telemetry, "Sensor_1")
    assert table.of_blob("elsewhere/a.csv") is None
