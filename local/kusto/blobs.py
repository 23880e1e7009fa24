"""Reading a source blob for the streaming endpoint (``sourceKind=uri``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from local.kusto.bodies import gunzip, unzip
from local.kusto.errors import KustoError, bad_request, too_large

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60)
_DENIED: Final = {401, 403}
_MISSING: Final = {404, 409}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A blob as it is stored; ``location`` is its URL without the query string."""

    location: str
    stored: bytes
    encoding: str

    def content(self, limit: int) -> bytes:
        """The raw bytes; gzip by the stored encoding or the name, zip by the name."""
        if self.encoding == "gzip" or self.location.endswith(".gz"):
            return gunzip(self.stored, limit)
        if self.location.endswith(".zip"):
            return unzip(self.stored, limit)
        return self.stored


async def download(session: aiohttp.ClientSession, uri: str, limit: int) -> Source:
    """Read the blob by SAS or anonymously; raises ``KustoError``.

    Managed identity is for queued ingestion only (Microsoft docs: ``ingest-data-managed-identity``).
    """
    address, _, options = uri.partition(";")
    if options:
        raise bad_request(
            "BadRequest_NotSupported",
            "Streaming ingestion reads blobs by SAS or anonymously; options after ';' (managed identity, account key) "
            "are for queued ingestion.",
        )
    url = _url(address)
    try:
        async with session.get(url, timeout=_TIMEOUT, auto_decompress=False) as answer:
            _check(answer.status)
            stored = await _read(answer, limit)
            encoding = answer.headers.get("Content-Encoding", "")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _failed("Download_AccountNotFound", permanent=True) from error
    return Source(location=str(url.with_query(None)), stored=stored, encoding=encoding.lower())


def _url(address: str) -> URL:
    try:
        url = URL(address, encoded=True)
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise bad_request("BadRequest_InvalidBlobUri", "Blob URI is invalid.")
    return url


def _check(status: int) -> None:
    if status == 200:  # noqa: PLR2004 - OK
        return
    if status in _DENIED:
        raise _failed("Download_Forbidden", permanent=True)
    if status in _MISSING:
        raise _failed("Download_SourceNotFound", permanent=True)
    raise _failed("Download_UnknownError", permanent=False)


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _failed(code: str, *, permanent: bool) -> KustoError:
    return KustoError(
        status=400 if permanent else 503,
        code=code,
        message="Request is invalid and cannot be executed.",
        type_="Kusto.DataNode.Exceptions.StreamingIngestionRequestException",
        description=f"Failed to download source from Azure Storage ({code}).",
        permanent=permanent,
    )
