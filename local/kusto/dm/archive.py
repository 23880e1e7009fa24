"""Compression of source blobs (Microsoft docs: ``ingestion-supported-formats``, supported compression)."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from typing import Final

from local.kusto.dm.refusal import refusal

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
# The service applies "a factor" to a compressed size when nobody states the raw one (docs: batching-policy).
COMPRESSED_FACTOR: Final = 10


def is_compressed(blob_name: str) -> bool:
    """Whether the name says so."""
    return blob_name.lower().endswith((".gz", ".zip"))


def unpack(content: bytes, blob_name: str, zip_pattern: str | None = None) -> list[bytes]:
    """The raw contents of a blob: one, or one for each file of a zip archive; raises ``KustoError``."""
    name = blob_name.lower()
    if content.startswith(_GZIP):
        return [_gunzip(content)]
    if content.startswith((_ZIP, _EMPTY_ZIP)):
        return _unzip(content, zip_pattern)
    if content and name.endswith((".gz", ".zip")):
        raise refusal(
            "BadRequest_InvalidArchive", f"Archive is invalid: '{_ending(name)}' by name, but not by content."
        )
    return [content]


def _ending(name: str) -> str:
    return name[name.rindex(".") :]


def _gunzip(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise refusal("BadRequest_InvalidArchive", "Archive is invalid: the gzip stream is broken.") from None


def _unzip(content: bytes, pattern: str | None) -> list[bytes]:
    wanted = re.compile(pattern or "", re.IGNORECASE)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [f for f in archive.infolist() if not f.is_dir() and wanted.search(f.filename)]
            contents = [archive.read(file) for file in files]
    except (zipfile.BadZipFile, RuntimeError, zlib.error):
        raise refusal("BadRequest_InvalidArchive", "Archive is invalid: the zip archive is broken.") from None
    if not contents:
        raise refusal("BadRequest_EmptyArchive", "Archive is empty.")
    return contents
