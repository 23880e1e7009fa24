"""Reading and removing source blobs, with storage errors told as the service tells them.

Source of the codes: Microsoft docs ``data-explorer/error-codes.md`` (Download_…).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, assert_never

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError
from azure.storage.blob.aio import BlobClient

from local.kusto.dm.bloburi import AccountKey, Anonymous, BlobUri, Impersonation, ManagedIdentity
from local.kusto.dm.refusal import hindrance, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from azure.core.pipeline.transport import AioHttpTransport

    from local.kusto.dm.account import Account
    from local.kusto.errors import KustoError

_NOT_FOUND: Final = 404
_DENIED: Final = (401, 403)
_SERVER: Final = 500
_BUSY: Final = (408, 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads blobs by their URIs.

    There is no identity on a laptop: a blob that is read by managed identity or impersonation must lie in the
    account of the stack, and is read with that account's key. ``identities`` gives the object ids (or ``system``) that
    may read for a database; ``None`` allows all. The temp containers are the service's own: it reads them
    whatever became of the SAS it handed out.
    """

    account: Account
    transport: AioHttpTransport
    identities: Callable[[str], frozenset[str] | None]
    temp_containers: Collection[str] = ()

    async def content(self, blob: BlobUri, database: str) -> bytes:
        """All bytes as stored; raises ``KustoError``."""
        try:
            content: bytes = await (await self._client(blob, database).download_blob()).readall()
        except AzureError as error:
            raise _told(error) from error
        return content

    async def size(self, blob: BlobUri, database: str) -> int:
        """Stored bytes; raises ``KustoError``."""
        try:
            return int((await self._client(blob, database).get_blob_properties()).size)
        except AzureError as error:
            raise _told(error) from error

    async def remove(self, blob: BlobUri, database: str) -> None:
        """Delete the blob: with the account's key if it is ours, with its own access otherwise."""
        try:
            await self._client(blob, database, own=self.account.owns_blob(blob.url)).delete_blob()
        except AzureError as error:
            raise _told(error) from error

    def _client(self, blob: BlobUri, database: str, *, own: bool = False) -> BlobClient:
        own = own or self._is_temp(blob)
        url = blob.shown if own else blob.url
        key = self.account.key if own else self._key(blob, database)
        credential: Any = None if key is None else key
        if isinstance(blob.access, AccountKey) and not own:
            # With a key alone the SDK takes the account's name from the host, which is wrong for emulators.
            credential = AzureNamedKeyCredential(self.account.name, blob.access.key)
        try:
            return BlobClient.from_blob_url(url, credential=credential, retry_total=0, transport=self.transport)
        except ValueError:
            raise refusal("BadRequest_InvalidBlobUri", "Blob Uri is invalid.") from None

    def _is_temp(self, blob: BlobUri) -> bool:
        return bool(self.temp_containers) and self.account.owns_blob(blob.url, self.temp_containers)

    def _key(self, blob: BlobUri, database: str) -> str | None:
        match blob.access:
            case Anonymous() | AccountKey():
                return None
            case ManagedIdentity(identity):
                allowed = self.identities(database)
                if allowed is not None and identity not in allowed:
                    raise refusal(
                        "BadRequest_InvalidManagedIdentity",
                        f"Managed Identity '{identity}' doesn't have the required permissions: the managed identity "
                        "policy does not allow it for NativeIngestion.",
                    )
                return self._own_key(blob)
            case Impersonation():
                return self._own_key(blob)
        assert_never(blob.access)

    def _own_key(self, blob: BlobUri) -> str:
        if not self.account.owns_blob(blob.url):
            raise refusal(
                "Download_Forbidden",
                "Failed to download source from Azure Storage. Access forbidden: the local Kusto has an identity "
                "only in the storage account of the local stack.",
            )
        return self.account.key


def _told(error: AzureError) -> KustoError:
    lead = "Failed to download source from Azure Storage."
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        status = error.status_code
        if status == _NOT_FOUND:
            return refusal("Download_SourceNotFound", f"{lead} Source not found.")
        if status in _DENIED:
            return refusal("Download_Forbidden", f"{lead} Access forbidden.")
        if status >= _SERVER or status in _BUSY:
            return hindrance("Download_UnknownError", f"{lead} The storage account answered {status}.")
        return refusal("Download_BadRequest", f"{lead} Bad request: the storage account answered {status}.")
    if isinstance(error, ServiceRequestError) and "Name or service not known" in str(error):
        return refusal("Download_AccountNotFound", f"{lead} Account not found.")
    return hindrance("Download_UnknownError", f"{lead} Unknown error occurred ({type(error).__name__}).")
