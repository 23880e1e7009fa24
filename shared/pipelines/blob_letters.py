"""Dead letters of blobs: the blob as a whole was refused, so the letter names it and holds no framed records. Pure."""

from shared.outcome import Problem
from shared.payload import BlobVersion
from shared.routing.routes import Route, Streaming
from shared.storage.held import Envelope, Held


def blob_letter(version: BlobVersion, route: Route | None, problem: Problem, now: float, content: bytes = b"") -> Held:
    """The dead letter of a blob: it names the blob, and holds the stored bytes of a small one."""
    envelope = Envelope(
        id=version.source_id,
        route=route.name if route else "unrouted",
        database=route.database if route else "",
        table=(route.table if route else None) or "",
        format=(route.data_format if route else None) or "",
        mapping=None,
        streaming=Streaming.AUTO.value,
        rows=None,
        reason=problem.code.value,
        detail=problem.detail,
        attempts=1,
        created=now,
        blob=str(version.blob),
    )
    return Held(envelope=envelope, content=content)
