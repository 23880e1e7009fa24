"""Blobs of the landing container: read or queued where they lie, and never forgotten."""

import gzip
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.accounting import Accounting
from shared.framing.formats import DataFormat
from shared.ingest.managed import ManagedIngestion
from shared.ingest.policy import STREAMING_LIMIT
from shared.outcome import Code, Deferred, Delivered, Mode, Rejected
from shared.payload import BlobName, BlobVersion, Hints, Reference
from shared.pipelines.blobs import MOST_ATTEMPTS, BlobPipeline, Parts
from shared.pipelines.recognition import Recognition
from shared.pipelines.retries import Delays
from shared.routing.globs import BlobPattern
from shared.routing.routes import Route, RouteTable, Streaming
from shared.settings import parse_settings
from shared.storage.deadletters import DeadLetters
from shared.storage.held import Held
from shared.storage.ledger import Ledger
from shared.storage.spool import Spool, wake_of
from tests.fakes import (
    FakeClock,
    FakeContainer,
    FakeLanding,
    FakeQueue,
    FakeQueues,
    FakeStreams,
    Step,
    api_error,
    hang,
    run_virtually,
)

ROUTES = RouteTable(
    {
        "storms": Route(
            name="storms",
            database="Events",
            table="T",
            data_format=DataFormat.CSV,
            ignore_first_record=True,
            mappings=("m",),
            blobs=(BlobPattern("storms/**"),),
        ),
        "open": Route(name="open", database="Events", table="T", mappings=("m",), blobs=(BlobPattern("open/**"),)),
        "many": Route(
            name="many", database="Events", table=None, tables=("S_*",), blobs=(BlobPattern("many/{table}/*"),)
        ),
        "slow": Route(
            name="slow", database="Events", table="T", streaming=Streaming.NEVER, blobs=(BlobPattern("slow/*"),)
        ),
    }
)
SETTINGS = parse_settings({"KUSTO_CLUSTER_URI": "http://127.0.0.1:1"})
REFUSED = api_error(400, "BadRequest", permanent=True)


@dataclass(slots=True)
class World:
    """One process, its landing container, and what lies around it."""

    streams: FakeStreams = field(default_factory=FakeStreams)
    queues: FakeQueues = field(default_factory=FakeQueues)
    clock: FakeClock = field(default_factory=FakeClock)
    landing: FakeLanding = field(default_factory=FakeLanding)
    ledger: FakeContainer = field(default_factory=FakeContainer)
    letters: FakeContainer = field(default_factory=FakeContainer)
    alarms: FakeQueue = field(default_factory=FakeQueue)
    accounting: Accounting = field(default_factory=Accounting)

    def put(
        self, name: str, content: bytes, *, etag: str = "0x1", size: int | None = None, **hints: object
    ) -> BlobName:
        blob = BlobName(container="landing", name=name)
        known = Hints(**hints)  # type: ignore[arg-type]
        self.landing.blobs[blob] = (
            BlobVersion(blob=blob, etag=etag, size=len(content) if size is None else size, hints=known),
            content,
        )
        return blob

    def pipeline(self) -> BlobPipeline:
        managed = ManagedIngestion(self.streams, self.queues, self.clock, jitter=lambda: 0.0)
        return BlobPipeline(
            Parts(
                settings=SETTINGS,
                routes=ROUTES,
                landing=self.landing,  # type: ignore[arg-type]
                ingestion=managed,
                references=managed,
                recognition=Recognition(Ledger(self.ledger), self.clock),  # type: ignore[arg-type]
                spool=Spool(FakeContainer(), self.alarms),  # type: ignore[arg-type]
                letters=DeadLetters(self.letters),  # type: ignore[arg-type]
                delays=Delays(first=10, jitter=lambda: 1.0),
                accounting=self.accounting,
                clock=self.clock,
            )
        )

    @property
    def reference(self) -> Reference:
        (held,) = self.queues.held
        assert isinstance(held, Reference)
        return held

    @property
    def letter(self) -> Held:
        (entry,) = self.letters.entries.values()
        return Held.decode(entry.content)


@pytest.mark.parametrize(("name", "pack"), [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.csv", gzip.compress)])
async def test_a_small_blob_is_read_and_framed(name: str, pack: object) -> None:
    world = World()
    blob = world.put(f"storms/{name}", pack(b"h\na\nb\n"))  # type: ignore[operator]
    outcome = await world.pipeline().ingest(blob)
    assert isinstance(outcome, Delivered)
    (payload,) = world.streams.accepted
    assert (payload.records.content, outcome.rows) == (b"a\nb\n", 2)
    assert payload.source_id == world.landing.blobs[blob][0].source_id


@pytest.mark.parametrize(
    ("content", "size", "hints", "reason"),
    [
        (b"x", STREAMING_LIMIT + 1, {}, "over-streaming-size"),
        (b"x", 1, {"raw_size": STREAMING_LIMIT + 1}, "over-streaming-size"),
        (gzip.compress(bytes(STREAMING_LIMIT + 1)), None, {}, "over-streaming-size"),
    ],
)
async def test_a_large_blob_is_queued_where_it_lies(
    content: bytes, size: int | None, hints: dict[str, int], reason: str
) -> None:
    world = World()
    outcome = await world.pipeline().ingest(world.put("storms/a.csv.gz", content, size=size, **hints))
    assert isinstance(outcome, Deferred)
    assert (outcome.reason, world.streams.sent) == (reason, [])
    assert world.reference.ignore_first_record
    assert world.reference.raw_size == hints.get("raw_size")  # a packed size says nothing about the raw one


async def test_a_large_blob_is_never_read() -> None:
    world = World()
    await world.pipeline().ingest(world.put("storms/a.csv", b"x", size=STREAMING_LIMIT + 1))
    assert (world.landing.reads, world.reference.raw_size) == (0, STREAMING_LIMIT + 1)


@pytest.mark.parametrize(
    ("name", "data_format"),
    [("a.json", DataFormat.MULTIJSON), ("a.jsonl", DataFormat.JSON), ("a.parquet", DataFormat.PARQUET)],
)
async def test_the_format_of_a_reference(name: str, data_format: DataFormat) -> None:
    world = World()
    await world.pipeline().ingest(world.put(f"open/{name}", b"x", size=STREAMING_LIMIT + 1))
    assert world.reference.target.data_format is data_format


async def test_a_header_flag_means_nothing_to_a_format_without_headers() -> None:
    world = World()
    await world.pipeline().ingest(world.put("open/a.json", b"{}", size=STREAMING_LIMIT + 1, ignore_first_record=True))
    assert not world.reference.ignore_first_record  # else the service would leave out the first event


async def test_zip_and_queued_routes_are_never_opened() -> None:
    for name in ("storms/a.csv.zip", "slow/a.csv"):
        world = World()
        assert isinstance(await world.pipeline().ingest(world.put(name, b"PK")), Deferred)
        assert world.landing.reads == 0


async def test_metadata_fills_in_what_the_route_leaves_open() -> None:
    world = World()
    await world.pipeline().ingest(world.put("open/a", b"1\t2\n", data_format=DataFormat.TSV, mapping="m"))
    assert world.streams.accepted[0].target.data_format is DataFormat.TSV


async def test_the_path_names_the_table() -> None:
    world = World()
    await world.pipeline().ingest(world.put("many/S_1/a.csv", b"1\n"))
    assert world.streams.accepted[0].target.table == "S_1"


@pytest.mark.parametrize(
    ("name", "content", "hints", "code"),
    [
        ("open/a", b"x", {}, Code.UNSUPPORTED_MEDIA_TYPE),
        ("storms/a.csv", b"x", {"data_format": DataFormat.JSON}, Code.UNSUPPORTED_MEDIA_TYPE),
        ("storms/a.csv", b"x", {"mapping": "other"}, Code.MALFORMED_PARAMETER),
        ("storms/a.csv", b"x", {"table": "Other"}, Code.ROUTE_NOT_FOUND),
        ("many/X/a.csv", b"x", {}, Code.ROUTE_NOT_FOUND),
        ("storms/a.csv", b"h\n", {}, Code.EMPTY_BODY),
        ("storms/a.csv", b'h\n"s3cret', {}, Code.MALFORMED_BODY),
        ("storms/a.csv.gz", gzip.compress(b"s3cret", mtime=0)[:-1], {}, Code.MALFORMED_BODY),
    ],
)
async def test_what_can_never_be_ingested_becomes_a_dead_letter(
    name: str, content: bytes, hints: dict[str, object], code: Code
) -> None:
    world = World()
    blob = world.put(name, content, **hints)
    outcome = await world.pipeline().ingest(blob)
    assert isinstance(outcome, Rejected)
    assert outcome.problem.code is code
    assert (world.letter.blob, world.letter.envelope.reason, world.letter.content) == (blob, code.value, content)
    assert b"s3cret" not in msgspec.json.encode(world.letter.envelope)
    assert (world.alarms.sent, world.streams.sent) == ([], [])


async def test_what_may_heal_waits_where_it_is() -> None:
    world = World(FakeStreams(api_error(403)))
    blob = world.put("storms/a.csv", b"h\na\n")
    outcome = await world.pipeline().ingest(blob, attempt=2)
    assert isinstance(outcome, Deferred)
    assert outcome.mode is Mode.SPOOLED
    ((text, delay),) = world.alarms.sent
    assert (wake_of(text).blob, wake_of(text).attempt, delay) == (str(blob), 3, 40)
    assert world.letters.entries == {}


async def test_what_never_heals_becomes_a_dead_letter_in_the_end() -> None:
    world = World(FakeStreams(api_error(403)))
    outcome = await world.pipeline().ingest(world.put("storms/a.csv", b"h\na\n"), attempt=MOST_ATTEMPTS + 1)
    assert isinstance(outcome, Rejected)
    assert world.letter.envelope.reason == Code.NOT_CONFIGURED
    assert world.alarms.sent == []


async def test_a_blob_that_nobody_could_keep_stays_with_the_host() -> None:
    world = World(FakeStreams(api_error(403)))
    world.alarms.broken = OSError("x")
    with pytest.raises(OSError, match="x"):
        await world.pipeline().ingest(world.put("storms/a.csv", b"h\na\n"))


async def test_the_same_event_again_is_ingested_once_and_a_new_state_again() -> None:
    world = World()
    pipeline = world.pipeline()
    blob = world.put("storms/a.csv", b"h\na\n")
    for _ in range(3):
        assert isinstance(await pipeline.ingest(blob), Delivered)
    assert len(world.streams.sent) == 1
    world.put("storms/a.csv", b"h\nb\n", etag="0x2")
    await pipeline.ingest(blob)
    assert [payload.records.content for payload in world.streams.accepted] == [b"a\n", b"b\n"]


async def test_there_is_nothing_to_do_for_blobs_that_are_gone_empty_or_not_ours() -> None:
    world = World()
    pipeline = world.pipeline()
    assert await pipeline.ingest(BlobName(container="landing", name="storms/gone.csv")) is None
    assert await pipeline.ingest(world.put("storms/empty.csv", b"")) is None
    assert await pipeline.ingest(world.put("elsewhere/a.csv", b"x")) is None
    assert (world.streams.sent, world.alarms.sent, world.letters.entries) == ([], [], {})
    assert world.accounting.unbalanced() == {}


async def test_a_blob_that_is_written_between_looking_and_reading_is_left_to_its_next_event() -> None:
    world = World()
    blob = world.put("storms/a.csv", b"h\na\n")
    looked = world.landing.blobs[blob][0]
    world.put("storms/a.csv", b"h\nb\n", etag="0x2")

    async def look(_: BlobName) -> BlobVersion:
        return looked

    world.landing.look = look  # type: ignore[method-assign]
    assert await world.pipeline().ingest(blob) is None
    assert world.streams.sent == []


async def test_a_blob_that_the_host_gave_up_on_becomes_a_dead_letter() -> None:
    world = World()
    for name, route in (("storms/a.csv", "storms"), ("elsewhere/a", "unrouted")):
        world.letters.entries.clear()
        await world.pipeline().poisoned(BlobName(container="landing", name=name))
        assert (world.letter.envelope.route, world.letter.envelope.blob) == (route, f"landing/{name}")


_steps: st.SearchStrategy[Step] = st.sampled_from([None, OSError("x"), hang, REFUSED, api_error(503), api_error(403)])


@given(
    streaming=st.lists(_steps, min_size=1, max_size=3),
    queueing=_steps,
    ledger=st.sampled_from([None, OSError("x")]),
    alarms=st.sampled_from([None, OSError("x")]),
    letters=st.sampled_from([None, OSError("x")]),
    size=st.sampled_from([None, STREAMING_LIMIT + 1]),
)
def test_a_blob_is_always_somewhere(
    streaming: list[Step],
    queueing: Step,
    ledger: Exception | None,
    alarms: Exception | None,
    letters: Exception | None,
    size: int | None,
) -> None:
    """In Kusto, in its queue, with an alarm, as a dead letter, or still with the host: never nowhere."""

    async def main() -> None:
        world = World(FakeStreams(*streaming), FakeQueues(queueing))
        world.ledger.broken, world.alarms.broken, world.letters.broken = ledger, alarms, letters
        blob = world.put("storms/a.csv", b"h\na\n", size=size)
        try:
            await world.pipeline().ingest(blob)
        except OSError:
            return  # the host keeps the event
        assert world.streams.accepted or world.queues.held or world.alarms.sent or world.letters.entries
        assert world.accounting.unbalanced() == {}

    run_virtually(main())
