"""One streaming request, as the SDK's client is asked for it."""

import gzip
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.ingest.streaming import StreamingEndpoint
from shared.routing.routes import Target
from tests.fakes import payload


@dataclass(slots=True)
class FakeClient:
    """The SDK's asynchronous client, as far as it is used."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def execute_streaming_ingest(self, *asked: Any) -> None:
        self.asked.append(asked)


async def sent(target: Target, *, attempt: int = 0, seconds: float = 20.0, content: bytes = b"a\n") -> tuple[Any, ...]:
    client = FakeClient()

    async def connect() -> FakeClient:
        return client

    await StreamingEndpoint(connect).send(payload(content, target=target), attempt=attempt, timeout=seconds)
    (asked,) = client.asked
    return asked


def target(table: str = "T", mapping: str | None = None, data_format: DataFormat = DataFormat.CSV) -> Target:
    return Target(database="My Events", table=table, data_format=data_format, mapping=mapping)


async def test_what_is_sent() -> None:
    database, table, body, _, data_format, properties, mapping = await sent(target(mapping="m"), attempt=2)
    assert (database, table, data_format, mapping) == ("My%20Events", "T", "csv", "m")
    assert gzip.decompress(body.read()) == b"a\n"
    assert properties.client_request_id == f"managed;{UUID(int=1)};2"
    assert properties.application is None  # the client's own, set where it is built


@pytest.mark.parametrize(("seconds", "whole"), [(20.0, 20), (1.9, 1), (0.2, 1)])
async def test_the_service_gives_up_in_whole_seconds_and_never_at_zero(seconds: float, whole: int) -> None:
    properties = (await sent(target(), seconds=seconds))[5]
    assert properties.get_option("servertimeout", None) == timedelta(seconds=whole)


@pytest.mark.parametrize("data_format", DataFormat)
async def test_the_format_is_the_records_and_a_missing_mapping_is_none(data_format: DataFormat) -> None:
    asked = await sent(target(data_format=data_format))
    assert (asked[4], asked[6]) == (data_format.value, None)


@given(name=st.text(st.sampled_from("aZ0_ .-/?#%&=;é"), min_size=1, max_size=10))
async def test_a_name_stays_in_its_place_of_the_url(name: str) -> None:
    asked = await sent(target(table=name, mapping=name))
    for quoted in (asked[1], asked[6]):
        assert not set(quoted) & set("/?#&=; ")


async def test_every_attempt_sends_the_same_bytes() -> None:
    """A stream that was read once would go out as an empty body (azure-kusto-data 6.0.4), so each has its own."""
    first, second = [(await sent(target(), attempt=attempt))[2] for attempt in (0, 1)]
    assert first is not second
    assert first.read() == second.read() != b""
