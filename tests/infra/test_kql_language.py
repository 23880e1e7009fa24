"""Every KQL text of `infra/` is right in the eyes of Microsoft's own language service; and it does see mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.kql import script_text
from tests.infra.checks.kql import schema_of
from tests.kql.language import language
from tests.kql.scripts import Schema, read_schema

if TYPE_CHECKING:
    from tests.kql.language import LanguageService

__all__ = ["language"]

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
SCRIPTS = sorted((INFRA / "kql").glob("*.kql"))
QUERIES = sorted((INFRA / "monitoring").rglob("*.kql"))
SCHEMA = schema_of(ROOT)

#: Tables of a Log Analytics workspace with the columns that Application Insights and platform metrics fill
#: (Microsoft docs: azure-monitor/reference/tables). Only the names and types matter here.
_COMMON = (
    "TenantId:string, TimeGenerated:datetime, OperationName:string, OperationId:string, ParentId:string, "
    "SyntheticSource:string, SessionId:string, UserId:string, UserAuthenticatedId:string, UserAccountId:string, "
    "AppVersion:string, AppRoleName:string, AppRoleInstance:string, ClientType:string, ClientModel:string, "
    "ClientOS:string, ClientIP:string, ClientCity:string, ClientStateOrProvince:string, "
    "ClientCountryOrRegion:string, ClientBrowser:string, ResourceGUID:string, IKey:string, SDKVersion:string, "
    "ItemCount:int, ReferencedItemId:string, ReferencedType:string, SourceSystem:string, Type:string, "
    "Properties:dynamic, _ResourceId:string"
)
_CALL = "Id:string, Name:string, Success:bool, ResultCode:string, DurationMs:real, PerformanceBucket:string"
_ERROR = (
    "ProblemId:string, HandledAt:string, ExceptionType:string, Assembly:string, Method:string, OuterType:string, "
    "OuterMessage:string, InnermostType:string, InnermostMessage:string, Details:dynamic"
)
_PLATFORM = (
    "TenantId:string, TimeGenerated:datetime, ResourceId:string, OperationName:string, MetricName:string, Total:real, "
    "Count:real, Maximum:real, Minimum:real, Average:real, TimeGrain:string, UnitName:string, ResourceGroup:string, "
    "ResourceProvider:string, SubscriptionId:string, Type:string, _ResourceId:string"
)
_MEASURED = f"Measurements:dynamic, {_COMMON}"
_WORKSPACE = {
    "AppMetrics": f"Name:string, Sum:real, Min:real, Max:real, {_COMMON}",
    "AppDependencies": f"{_CALL}, Target:string, DependencyType:string, Data:string, {_MEASURED}",
    "AppRequests": f"{_CALL}, Url:string, Source:string, {_MEASURED}",
    "AppTraces": f"Message:string, SeverityLevel:int, {_MEASURED}",
    "AppExceptions": f"{_ERROR}, SeverityLevel:int, {_MEASURED}",
    "AzureMetrics": _PLATFORM,
}
WORKSPACE = read_schema(f".create table {name} ({columns})" for name, columns in _WORKSPACE.items())


def named(path: Path) -> str:
    return path.relative_to(INFRA).as_posix()


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_script_is_right(language: LanguageService, path: Path) -> None:
    assert language.errors(script_text(path, "Events"), SCHEMA, file=named(path)) == []


@pytest.mark.parametrize("path", QUERIES, ids=named)
def test_a_query_of_the_workspace_is_right(language: LanguageService, path: Path) -> None:
    assert language.errors(path.read_text(encoding="utf-8"), WORKSPACE, file=named(path)) == []


def test_no_kql_file_is_left_out() -> None:
    assert sorted(INFRA.rglob("*.kql")) == sorted([*SCRIPTS, *QUERIES])


def test_the_reader_finds_what_the_scripts_make() -> None:
    assert set(SCHEMA.tables) == {"MyStormEvents", "WebhookEvents"}
    assert set(SCHEMA.views) == {"WebhookEventsOnce"}
    assert set(WORKSPACE.tables) == set(_WORKSPACE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (".create-merge table T (A:strng)", "1:26: Error KS005"),
        (
            "// one\n\n.create-merge table T (A:string)\n\n.alter table WebhookEvents policy cachin hot = 1d",
            "5:35: Error",
        ),
        (".alter table WebhookEvent policy caching hot = 1d", "1:14: Error KS204"),
        (".alter table WebhookEvents policy streamingingestions enable", "1:35: Error KS005"),
        (".create-or-alter table WebhookEvents ingestion jsn mapping 'M' '[]'", "1:48: Error KS005"),
        (
            ".create-or-alter materialized-view V on table WebhookEvents\n{ WebhookEvents | summarize max(Tim) by Id }",
            "2:33: Error KS142",
        ),
        (".create-or-alter function F(x:long) { MyStormEvents | where Damage > x }", "1:61: Error KS142"),
        ("MyStormEvents | sumarize count() by State", "1:17: Error KS176"),
        ("// 😀 counts as one\nMyStormEvents | where Stat == 'A'", "2:23: Error KS142"),
        ("MyStormEvents | extend x = State + 1", "1:34: Error KS106"),
        ("WebhookEventsOnce | project Tim", "1:29: Error KS142"),
        ("Nowhere | count", "1:1: Error KS204"),
    ],
)
def test_a_mistake_is_found(language: LanguageService, text: str, found: str) -> None:
    errors = language.errors(text, SCHEMA)

    assert errors
    assert errors[0].startswith(f"text:{found}")


@pytest.mark.parametrize(
    "text",
    [
        "WebhookEventsOnce | project Time, Id, Data.action",
        "let since = ago(1d);\n\n// a blank line ends no query\nMyStormEvents | where StartTime > since\n\n| count",
        "Damaging(3) | project State",
    ],
)
def test_what_is_right_is_let_through(language: LanguageService, text: str) -> None:
    function = ".create-or-alter function Damaging(x:long) { MyStormEvents | where DamageCrops > x }"
    schema = Schema(tables=SCHEMA.tables, views=SCHEMA.views, functions=read_schema([function]).functions)

    assert language.check(text, schema) == []


def test_a_query_against_another_schema_is_found(language: LanguageService) -> None:
    assert language.errors("AppMetrics | where Nam == 'x'", WORKSPACE)
    assert language.errors("AppMetrics | where Name == 'x'", SCHEMA)
