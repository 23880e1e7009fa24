"""The cached Kusto clients of this process: one per endpoint, created when first needed, never closed per call.

Creating a client costs no request. The asynchronous one belongs to the event loop it was made in, so a new loop (a
worker that reloads) gets a new one.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, assert_never

from shared import __version__
from shared.settings import Auth, Settings, is_loopback

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_LOG = logging.getLogger(__name__)

#: How this application names itself to Kusto (`x-ms-app`, `.show queries`): the connector, and the application in it.
CONNECTOR, APPLICATION = "IngestFunctions", "kusto-ingest-functions"

#: Hosts of the public cloud, whose login endpoint and resource the SDK knows without asking the cluster.
_PUBLIC_CLOUD = (".kusto.windows.net", ".kusto.fabric.microsoft.com", ".kusto.data.microsoft.com")


class KustoClients:
    """Lazily built clients of one engine endpoint and its ingestion endpoint."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._credential: TokenCredential | None = None

    async def engine(self) -> Any:
        """The asynchronous client of the engine endpoint (azure.kusto.data.aio.KustoClient) of the running loop."""
        loop = asyncio.get_running_loop()
        if self._engine is None or self._loop is not loop:
            from azure.kusto.data.aio import KustoClient  # noqa: PLC0415 - 200 ms that a cold start need not pay

            await self._know_cloud(self._settings.cluster_uri)
            if self._engine is None or self._loop is not loop:  # another invocation may have built it meanwhile
                self._engine, self._loop = KustoClient(self._connection(self._settings.cluster_uri)), loop
        return self._engine

    def ingestion(self) -> Any:
        """A client of the ingestion endpoint (azure.kusto.ingest.QueuedIngestClient); called in the queued executor."""
        from azure.kusto.ingest import QueuedIngestClient  # noqa: PLC0415 - another 90 ms

        # `auto_correct_endpoint` would put `ingest-` before a host that already has its final name.
        return QueuedIngestClient(self._connection(self._settings.ingest_uri), auto_correct_endpoint=False)

    async def ingestion_failure(self, source: str) -> str | None:
        """The error code with which queued ingestion of a source failed; None where none is known, or to be seen.

        The batching manager names a source by the path of its blob (docs: "`.show ingestion failures`"): our source id
        stands in the name of a blob that we wrote; a blob queued by reference has its own path.
        """
        try:
            client = await self.engine()
            quoted = source.replace("'", "''")
            command = f".show ingestion failures | where IngestionSourcePath contains @'{quoted}' | take 1"
            rows = (await client.execute_mgmt(self._settings.database or "NetDefaultDB", command)).primary_results[0]
            return next((str(row["ErrorCode"]) for row in rows), None)
        except Exception as error:  # noqa: BLE001 - the identity may not look; the operation stays `queued`
            _LOG.info("ingestion failures cannot be seen: %s", type(error).__name__)
            return None

    async def close(self) -> None:
        """Close what was opened in this loop. For tests and tools; a function app keeps its clients."""
        if self._engine is not None and self._loop is asyncio.get_running_loop():
            await self._engine.close()
        self._engine = None

    async def _know_cloud(self, uri: str) -> None:
        """Have the cluster's cloud known before the client asks for it, because it would ask in the event loop.

        azure-kusto-data 6.0.4 fetches `/v1/rest/auth/metadata` synchronously and without a timeout on first use
        (_cloud_settings.py); a public cluster needs no such request.
        """
        from azure.kusto.data._cloud_settings import CloudSettings  # noqa: PLC0415 - as above

        if self._settings.auth is Auth.NONE:
            return
        if uri.endswith(_PUBLIC_CLOUD) or is_loopback(uri):
            CloudSettings.add_to_cache(uri, CloudSettings.DEFAULT_CLOUD)
        else:
            await asyncio.to_thread(CloudSettings.get_cloud_info_for_cluster, uri)

    def _connection(self, uri: str) -> Any:
        from azure.kusto.data import KustoConnectionStringBuilder  # noqa: PLC0415 - as above

        if self._settings.auth is Auth.NONE:
            connection = KustoConnectionStringBuilder.with_no_authentication(uri)
        else:
            connection = KustoConnectionStringBuilder.with_azure_token_credential(uri, self._token_credential())
        connection._set_connector_details(CONNECTOR, __version__, app_name=APPLICATION)  # noqa: SLF001 - as connectors do
        return connection

    def _token_credential(self) -> "TokenCredential":
        if self._credential is None:
            self._credential = credential_of(self._settings.auth, self._settings.client_id)
        return self._credential


def credential_of(auth: Auth, client_id: str | None) -> "TokenCredential":
    """The azure-identity credential of an authentication setting.

    Raises:
        ValueError: for `none` and `auto`, which are no credential.
    """
    from azure import identity  # noqa: PLC0415 - 140 ms, and nothing where there is no authentication

    match auth:
        case Auth.MANAGED_IDENTITY:
            return identity.ManagedIdentityCredential(client_id=client_id)
        case Auth.DEFAULT:
            return identity.DefaultAzureCredential(managed_identity_client_id=client_id)
        case Auth.AZURE_CLI:
            return identity.AzureCliCredential()
        case Auth.INTERACTIVE:
            return identity.InteractiveBrowserCredential()
        case Auth.NONE | Auth.AUTO:
            raise ValueError(f"KUSTO_AUTH={auth} names no credential")
        case _:
            assert_never(auth)
