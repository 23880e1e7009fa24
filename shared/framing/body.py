"""From the bytes on the wire to raw bytes: size caps and decompression, nothing else. Pure.

A decompressor never produces more than the cap allows, whatever a body claims: a small one cannot fill the memory.
"""

import zlib
from collections import deque

import zstandard

from shared.framing.formats import Compression
from shared.outcome import Code, Limit, Problem, Refused

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
#: Input bytes a step. A zstd block of 4 bytes can stand for 128 KiB, so a step gives at most 8 MiB beyond the cap.
_ZSTD_STEP = 256
_GZIP_STEP = 16 * 1024
_ACCEPTED = ("gzip", "zstd", "identity")


class TooLargeError(ValueError):
    """The raw bytes pass the cap."""


class BrokenError(ValueError):
    """The compressed bytes cannot be read to their end."""


def compression_of(content_encoding: str) -> Compression:
    """What the `Content-Encoding` header names.

    Raises:
        Refused: 415 for one we do not read, and for several at once.
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return Compression.NONE
        case "gzip" | "x-gzip":
            return Compression.GZIP
        case "zstd":
            return Compression.ZSTD
        case _:
            detail = f"This content encoding is not supported. Accepted are: {', '.join(_ACCEPTED)}."
            raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail, accepted=_ACCEPTED))


def sniffed(body: bytes, named: Compression) -> Compression:
    """The compression of a body, by its first bytes where nothing names it: no text starts like gzip."""
    return Compression.GZIP if named is Compression.NONE and body.startswith(_GZIP_MAGIC) else named


def decompressed(body: bytes, compression: Compression, *, limit: int) -> bytes:
    """The raw bytes, at most `limit` of them.

    Raises:
        TooLargeError: when there are more.
        BrokenError: when the compressed bytes are damaged or cut off.
        ValueError: for zip, which is never opened here.
    """
    match compression:
        case Compression.NONE:
            raw = body
        case Compression.GZIP:
            raw = _gunzip(body, limit)
        case Compression.ZSTD:
            raw = _unzstd(body, limit)
        case Compression.ZIP:
            raise ValueError("zip is queued by reference")
    if len(raw) > limit:
        raise TooLargeError
    return raw


def raw_body(body: bytes, content_encoding: str, *, limit: int) -> bytes:
    """The raw bytes of an HTTP body.

    Raises:
        Refused: 400 when it is damaged, 413 above `limit` raw bytes, 415 for an unknown encoding.
    """
    compression = sniffed(body, compression_of(content_encoding))
    try:
        return decompressed(body, compression, limit=limit)
    except TooLargeError:
        actual = len(body) if compression is Compression.NONE else None
        raise Refused(too_large("MAX_RAW_BYTES", limit, actual, "after decompression")) from None
    except BrokenError:
        detail = f"The body is not complete {compression} content: it is damaged or cut off. Nothing was ingested."
        raise Refused(Problem(code=Code.MALFORMED_BODY, detail=detail)) from None


def too_large(name: str, value: int, actual: int | None, what: str) -> Problem:
    """The problem of a body over a limit (bytes)."""
    size = f"{actual} bytes" if actual is not None else f"more than {value} bytes"
    detail = f"The body has {size} {what}; the limit {name} is {value}. Split it, or put it into the landing container."
    return Problem(code=Code.TOO_LARGE, detail=detail, limit=Limit(name=name, value=value, actual=actual))


def _gunzip(body: bytes, limit: int) -> bytes:
    """All members of a gzip body (RFC 1952 allows several, one after the other)."""
    parts: list[bytes] = []
    room, position, inside = limit + 1, 0, False
    engine = zlib.decompressobj(_GZIP_WINDOW)
    # In bounded steps: what follows a member is copied each time one ends, so the whole rest must never be at hand.
    while position < len(body):
        piece = body[position : position + _GZIP_STEP]
        if parts and not inside and not piece.strip(b"\0"):  # padding between members is legal
            position += len(piece)
            continue
        try:
            part = engine.decompress(piece.lstrip(b"\0") if not inside and parts else piece, room)
        except zlib.error:
            raise BrokenError from None
        parts.append(part)
        room -= len(part)
        if room <= 0:
            raise TooLargeError
        position += len(piece) - len(engine.unused_data)
        inside = not engine.eof
        if engine.eof:
            engine = zlib.decompressobj(_GZIP_WINDOW)
    if inside:
        raise BrokenError
    return b"".join(parts)


def _unzstd(body: bytes, limit: int) -> bytes:
    """All frames of a zstd body (RFC 8878 allows several, one after the other)."""
    decompressor = zstandard.ZstdDecompressor()
    engine = decompressor.decompressobj()
    parts: list[bytes] = []
    room = limit + 1
    pending = deque(body[start : start + _ZSTD_STEP] for start in range(0, len(body), _ZSTD_STEP))
    while pending:
        piece = pending.popleft()
        if engine.eof:
            engine = decompressor.decompressobj()
        try:
            part = engine.decompress(piece)
        except zstandard.ZstdError:
            raise BrokenError from None
        parts.append(part)
        room -= len(part)
        if room <= 0:
            raise TooLargeError
        if engine.eof and engine.unused_data:
            pending.appendleft(engine.unused_data)
    if body and not engine.eof:
        raise BrokenError
    return b"".join(parts)
