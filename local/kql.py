"""Queries, commands and database scripts through the official client (azure-kusto-data)."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from azure.core.exceptions import AzureError
from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.exceptions import KustoAuthenticationError, KustoError, KustoMultiApiError, KustoNetworkError

from local.paths import ROOT
from local.problems import LocalError, UsageError
from shared.kusto import credential_of
from shared.settings import Auth, is_loopback, resolve_auth

SCHEMA = ROOT / "infra" / "kql"
#: Allows the cluster's own identity to read blobs: refused by a cluster that has none.
IDENTITY_SCRIPT = "05-managed-identity.kql"
PLACEHOLDER = "{database}"
#: What a database may be called, and so what cannot end a quoted name (docs: "Entity names").
_DATABASE_NAME = re.compile(r"[\w .-]{1,1024}")
_CLEARINGS = 3  # how often the schema cache is asked to clear; the docs say to repeat it
_APPLICATION = "kusto-ingest-dev"


class KustoRefusedError(LocalError):
    """The cluster did not do what it was asked; the text is the service's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The primary result of a query, or the first table of a command."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> tuple[dict[str, Any], ...]:
        """The rows by column name."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Cluster:
    """An engine endpoint, with one database. Synchronous; use it as a context manager."""

    def __init__(self, uri: str, database: str, *, auth: Auth = Auth.AUTO, client_id: str | None = None) -> None:
        self.uri = uri.rstrip("/")
        self.database = database
        self._client = KustoClient(_connection(self.uri, auth, client_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()  # type: ignore[no-untyped-call]  # the SDK does not say

    def run(self, text: str) -> Answer:
        """Run a query, or a command where the text begins with a dot.

        Raises:
            KustoRefusedError: The service's message.
        """
        call = self._client.execute_mgmt if is_command(text) else self._client.execute_query
        try:
            table = call(self.database, text).primary_results[0]
        except (KustoError, AzureError) as error:
            raise KustoRefusedError(f"{self.uri}: {message_of(error)}") from error
        return Answer(
            columns=tuple(column.column_name for column in table.columns),
            types=tuple(column.column_type for column in table.columns),
            rows=tuple(tuple(row) for row in table.raw_rows),
        )

    def count(self, table: str) -> int:
        """How many rows a table has now."""
        return int(self.run(f"['{table}'] | count").rows[0][0])

    def apply(self, *, managed_identity: bool = True) -> tuple[str, ...]:
        """Run infra/kql/*.kql in name order, as `.execute database script`; their names.

        Args:
            managed_identity: Whether to run the script that needs a cluster with an identity of its own.

        Raises:
            KustoRefusedError: A command of a script failed; names script, command and reason.
        """
        paths = [path for path in sorted(SCHEMA.glob("*.kql")) if managed_identity or path.name != IDENTITY_SCRIPT]
        for path in paths:
            answer = self.run(f".execute database script <|\n{script_text(path, self.database)}")
            for row in answer.records():
                if row.get("Result", "Completed") != "Completed":
                    command = str(row.get("CommandText", "")).strip().splitlines()[:1]
                    raise KustoRefusedError(
                        f"{path.name}: {row.get('Reason') or row['Result']} (in: {' '.join(command)})"
                    )
        return tuple(path.name for path in paths)

    def clear_schema_cache(self) -> bool:
        """Make streaming ingestion see a new schema now; False: it may take up to 5 minutes.

        Source: Microsoft docs, `clear-schema-cache-command`: one row for each node; safe to repeat when one failed.
        """
        for _ in range(_CLEARINGS):
            try:
                answer = self.run(".clear database cache streamingingestion schema")
            except KustoRefusedError:
                return False
            if all(row.get("Status") == "Succeeded" for row in answer.records()):
                return True
        return False


def script_text(path: Path, database: str) -> str:
    """A script of infra/kql for that database.

    Raises:
        UsageError: No database has such a name.
    """
    if not _DATABASE_NAME.fullmatch(database):
        raise UsageError(f"{database!r} is no name of a database: letters, digits, spaces, dots, dashes, underscores.")
    return path.read_text(encoding="utf-8").replace(PLACEHOLDER, database)


def is_command(text: str) -> bool:
    """Whether a text is a management command: a dot after comments and blank lines."""
    return re.sub(r"\A(\s|//[^\n]*(\n|\Z))*", "", text).startswith(".")


def message_of(error: Exception) -> str:
    """The service's own words in an exception of the client."""
    match error:
        case KustoMultiApiError():
            return "; ".join(str(inner.description or inner.message) for inner in error.get_api_errors()) or str(error)
        case KustoAuthenticationError():
            return f"no access: {error.exception}. Log in with `az login`, or choose another --auth."
        case KustoNetworkError():
            return "the endpoint cannot be reached. Check its URI; for the local Kusto, is `./dev up` running?"
        case _:
            return str(error)


def _connection(uri: str, auth: Auth, client_id: str | None) -> KustoConnectionStringBuilder:
    resolved = resolve_auth(auth, uri, in_azure=False)
    if resolved is Auth.NONE:
        if not is_loopback(uri):
            raise LocalError("Without authentication only a Kusto on this machine may be asked; use --auth azure_cli.")
        connection = KustoConnectionStringBuilder.with_no_authentication(uri)
    else:
        # At a keyboard `auto` means the Azure CLI's login, not whatever DefaultAzureCredential finds first.
        chosen = Auth.AZURE_CLI if auth is Auth.AUTO else resolved
        connection = KustoConnectionStringBuilder.with_azure_token_credential(uri, credential_of(chosen, client_id))
    connection.application_for_tracing = _APPLICATION
    return connection
