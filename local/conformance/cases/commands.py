"""Management commands."""

from __future__ import annotations

from local.conformance.case import Action, Basis, Case, Command, Expect, Raw
from local.conformance.cases import sources

_NOT_FOUND = ("BadRequest_EntityNotFound", "BadRequest_TableNotExist")
_MAPPING = """'[{"column":"Id","Properties":{"Path":"$.Id"}}]'"""
_BAD = Expect(status=400, permanent=True)
_SCRIPT = (
    ".execute database script <|\n.alter-merge table {table} (More:long)\n\n.alter-merge table {table} (Still:real)"
)


def _command(
    name: str,
    action: Action | str,
    expect: Expect | None = None,
    *,
    look: str = "",
    setup: tuple[str, ...] = (),
    basis: Basis = Basis.DOCUMENTED,
    source: str = sources.MANAGEMENT,
) -> Case:
    return Case(
        name=f"command: {name}",
        source=source,
        basis=basis,
        setup=setup,
        action=Command(text=action) if isinstance(action, str) else action,
        look=look,
        expect=expect or Expect(),
    )


_SCHEMA = "{table} | getschema | project ColumnName, ColumnType"

COMMANDS = (
    _command(".show version", ".show version"),
    _command(".show tables", ".show tables"),
    _command(".show table cslschema", ".show table {table} cslschema"),
    _command(".show table schema as json", ".show table {table} schema as json"),
    _command(".show table of nothing", ".show table {table}_not cslschema", Expect(status=400, codes=_NOT_FOUND)),
    _command("creating a table again changes nothing", ".create table {table} (Id:int, Name:string)"),
    _command(
        ".create-merge table adds columns",
        ".create-merge table {table} (Id:int, More:long)",
        Expect(shows=(("Id", "int"), ("Name", "string"), ("More", "long"))),
        look=_SCHEMA,
    ),
    _command(
        ".alter-merge table adds columns",
        ".alter-merge table {table} (More:datetime)",
        Expect(shows=(("Id", "int"), ("Name", "string"), ("More", "datetime"))),
        look=_SCHEMA,
    ),
    _command(
        ".execute database script",
        _SCRIPT,
        Expect(shows=(("Id", "int"), ("Name", "string"), ("More", "long"), ("Still", "real"))),
        look=_SCHEMA,
    ),
    _command("a column type nobody knows", ".create table {table}_x (Id:number32)", _BAD),
    _command("dropping a table that is not there", ".drop table {table}_not", Expect(status=400, codes=_NOT_FOUND)),
    _command("dropping it if it exists", ".drop table {table}_not ifexists"),
    _command(
        "rows by .ingest inline",
        ".ingest inline into table {table} <|\n1,a\n2,b",
        Expect(rows=2),
        source=sources.MANAGEMENT + "/data-ingestion/ingest-inline",
    ),
    _command("rows by .set-or-append", ".set-or-append {table} <| print Id=int(1), Name='a'", Expect(rows=1)),
    _command(
        ".clear table data",
        ".clear table {table} data",
        Expect(rows=0),
        setup=(".ingest inline into table {table} <|\n1,a",),
    ),
    _command("a json mapping", f".create table {{table}} ingestion json mapping 'm' {_MAPPING}"),
    _command(
        "a mapping that exists is altered by create-or-alter",
        f".create-or-alter table {{table}} ingestion json mapping 'm' {_MAPPING}",
        setup=(f".create table {{table}} ingestion json mapping 'm' {_MAPPING}",),
    ),
    _command("a mapping that is no JSON", ".create table {table} ingestion json mapping 'm' '[{'", _BAD),
    _command("mappings of a table", ".show table {table} ingestion mappings"),
    _command(
        "a mapping on a table that is not there",
        f".create table {{table}}_not ingestion json mapping 'm' {_MAPPING}",
        Expect(status=400, codes=_NOT_FOUND),
    ),
    _command("the streaming policy is shown", ".show table {table} policy streamingingestion"),
    _command(
        "the batching policy",
        """.alter table {table} policy ingestionbatching '{"MaximumBatchingTimeSpan":"00:00:20"}'""",
    ),
    _command("a policy that is no JSON", ".alter table {table} policy ingestionbatching 'x'", _BAD),
    _command("a policy nobody knows", ".alter table {table} policy wishes '{}'", _BAD),
    _command("the retention policy", ".alter-merge table {table} policy retention softdelete = 10d"),
    _command("the caching policy", ".alter table {table} policy caching hot = 3d"),
    _command("the schema cache is cleared", ".clear database cache streamingingestion schema"),
    _command("extents", ".show table {table} extents", setup=(".ingest inline into table {table} <|\n1,a",)),
    _command("ingestion failures", ".show ingestion failures"),
    _command(
        "ingestion failures of one source",
        ".show ingestion failures | where IngestionSourcePath has '3fa85f64-5717-4562-b3fc-2c963f66afa6' | take 1",
    ),
    _command("operations", ".show operations | take 1", source=sources.MANAGEMENT + "/show-operations"),
    _command("streaming failures", ".show streamingingestion failures"),
    _command("streaming statistics", ".show streamingingestion statistics"),
    _command("a command nobody knows", ".make table {table} nice", _BAD),
    _command("a command in a database that is not there", Command(text=".show tables", database="Nowhere_not"), _BAD),
    _command(
        "ingestion resources",
        Command(text=".get ingestion resources", database="NetDefaultDB"),
        source=sources.INGEST_REST,
    ),
    _command(
        "the identity token",
        Command(text=".get kusto identity token", database="NetDefaultDB"),
        source=sources.INGEST_REST,
    ),
    _command(
        "a body that is no JSON",
        Raw(method="POST", path="/v1/rest/mgmt", body=b"x", headers={"Content-Type": "application/json"}),
        Expect(status=400),
        source=sources.REST,
    ),
    _command(
        "a body without a command",
        Raw(method="POST", path="/v1/rest/mgmt", body=b"{}", headers={"Content-Type": "application/json"}),
        Expect(status=400),
        source=sources.REST,
    ),
    _command(
        "the metadata of authentication",
        Raw(method="GET", path="/v1/rest/auth/metadata"),
        source="azure-kusto-data 6.0.4, _cloud_settings.py",
    ),
)
