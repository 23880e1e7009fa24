"""Request bodies: read with a limit, decompressed with a limit."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from local.kusto.errors import KustoError, bad_request, too_large

if TYPE_CHECKING:
    from aiohttp import web

_GZIP: Final = 31
_CHUNK: Final = 256 * 1024


class BrokenCompressionError(Exception):
    """Bytes that are not what ``Content-Encoding`` or the blob's name says."""


async def read_limited(request: web.Request, limit: int) -> bytes:
    """The body as it travels; raises ``KustoError`` (413) once it is over ``limit`` bytes."""
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a ``Content-Encoding``; raises ``KustoError`` for an unknown one or over ``limit`` raw bytes."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return gunzip(body, limit)
        case _:
            raise unsupported_encoding(encoding)


def unsupported_encoding(encoding: str) -> KustoError:
    """A ``Content-Encoding`` other than gzip."""
    return bad_request("BadRequest_NotSupported", f"Content-Encoding '{encoding[:40]}' is not supported; use gzip.")


def gunzip(body: bytes, limit: int) -> bytes:
    """Decompress one or more gzip members; raises ``KustoError`` (413) or ``BrokenCompressionError``."""
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        member = zlib.decompressobj(_GZIP)
        while not member.eof:
            try:
                part = member.decompress(rest, _CHUNK)
            except zlib.error as error:
                raise BrokenCompressionError from error
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
            rest = member.unconsumed_tail
            if not part and not rest and not member.eof:
                raise BrokenCompressionError
        rest = member.unused_data
    return b"".join(parts)


def unzip(body: bytes, limit: int) -> bytes:
    """The only file of a zip archive; raises ``KustoError`` (413) or ``BrokenCompressionError``."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = [item for item in archive.infolist() if not item.is_dir()]
            if len(names) != 1:
                raise BrokenCompressionError
            if names[0].file_size > limit:
                raise too_large(limit)
            return archive.read(names[0])
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise BrokenCompressionError from error
