"""What is to be done with a blob: route, name and metadata decide, before a byte of it is read."""

from dataclasses import dataclass

from shared.framing.body import decompressed, sniffed
from shared.framing.formats import Compression, DataFormat, allows_header, split_name
from shared.framing.records import Records, frame
from shared.ingest.policy import STREAMING_LIMIT
from shared.outcome import Code, Problem, Refused
from shared.payload import BlobVersion
from shared.routing.routes import BlobMatch, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobWork:
    """A blob with everything that its route, name and metadata decide."""

    version: BlobVersion
    match: BlobMatch
    target: Target
    compression: Compression
    skip_header: bool
    trace: str


def records_of(stored: bytes, work: BlobWork) -> Records:
    """The records of a small blob's stored bytes; raises what decompression and framing raise."""
    raw = decompressed(stored, sniffed(stored, work.compression), limit=STREAMING_LIMIT)
    return frame(raw, work.target.data_format, skip_header=work.skip_header)


def work_of(version: BlobVersion, match: BlobMatch, trace: str) -> BlobWork:
    """What is to be done with a blob: the route decides, metadata may fill in what the route leaves open.

    Raises:
        Refused: when no format is known, or table or mapping are outside the route's lists.
    """
    named, compression = split_name(version.blob.name)
    data_format = _format(version, match, named)
    hints, route = version.hints, match.route
    wanted = match.table or (hints.table if route.table is None or hints.table != route.table else None)
    skip = hints.ignore_first_record
    return BlobWork(
        version=version,
        match=match,
        target=route.target(table=wanted, data_format=data_format, mapping=hints.mapping),
        compression=compression,
        skip_header=route.skips_header(data_format) if skip is None else skip and allows_header(data_format),
        trace=trace,
    )


def _format(version: BlobVersion, match: BlobMatch, named: DataFormat | None) -> DataFormat:
    route, hinted = match.route, version.hints.data_format
    if route.data_format is not None:
        if hinted not in {None, route.data_format}:
            detail = f"The blob's metadata says {hinted}, and route {route.name} takes {route.data_format} only."
            raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail))
        return route.data_format
    chosen = hinted or named
    if chosen is None:
        detail = f"Neither route {route.name}, nor the blob's metadata or extension, says its format."
        raise Refused(Problem(code=Code.UNSUPPORTED_MEDIA_TYPE, detail=detail))
    return chosen
