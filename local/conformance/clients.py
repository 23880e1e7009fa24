"""The same requests through the clients of PyPI."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any, Final

from azure.kusto.data import KustoClient, KustoConnectionStringBuilder
from azure.kusto.data.data_format import DataFormat
from azure.kusto.data.exceptions import KustoApiError, KustoServiceError, KustoThrottlingError
from azure.kusto.ingest import BlobDescriptor, IngestionProperties, QueuedIngestClient

from local.conformance.case import Observed, Queued, Stream

if TYPE_CHECKING:
    from local.conformance.cluster import Cluster

_OK: Final = 200


def connection(cluster: Cluster, uri: str) -> KustoConnectionStringBuilder:
    """How the clients reach the cluster."""
    if cluster.token is None:
        return KustoConnectionStringBuilder.with_no_authentication(uri)
    return KustoConnectionStringBuilder.with_token_provider(uri, cluster.token)


def stream(cluster: Cluster, table: str, action: Stream) -> Observed:
    """``KustoClient.execute_streaming_ingest``, told from its exceptions."""
    body = gzip.compress(action.content)
    with KustoClient(connection(cluster, cluster.uri)) as client:
        try:
            client.execute_streaming_ingest(
                cluster.database, table, io.BytesIO(body), None, action.data_format, mapping_name=action.mapping or None
            )
        except KustoThrottlingError:
            return Observed(status=429)
        except KustoApiError as error:
            told = error.get_api_error()
            return Observed(status=_status(error), code=told.code or "", permanent=told.permanent)
        except KustoServiceError as error:
            return Observed(status=_status(error))
    return Observed(status=_OK)


def _status(error: KustoServiceError) -> int:
    response: Any = error.http_response
    return int(getattr(response, "status_code", 0) or 0)


def queue(cluster: Cluster, table: str, action: Queued) -> None:
    """``QueuedIngestClient``; raises what it raises."""
    asked: dict[str, Any] = {"flush_immediately": True, **action.properties}
    properties = IngestionProperties(cluster.database, table, DataFormat[action.data_format.upper()], **asked)
    with QueuedIngestClient(connection(cluster, cluster.ingest_uri)) as client:
        if action.missing_blob:
            client.ingest_from_blob(BlobDescriptor(_missing(client), 10), properties)
        else:
            client.ingest_from_stream(io.BytesIO(action.content), properties)


def _missing(client: QueuedIngestClient) -> str:
    """A blob that is not there, in a container that is."""
    container = client._get_containers()[0]  # noqa: SLF001 - the client has no public way to its containers
    root, _, sas = str(container.url).partition("?")
    return f"{root}/nothing-here.csv?{sas}"
