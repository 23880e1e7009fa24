"""What is kept when it could not be delivered comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.framing.formats import DataFormat
from shared.framing.records import Records
from shared.payload import BlobName, Payload
from shared.routing.routes import Streaming, Tagging, Target
from shared.storage.held import Held
from tests.fakes import payload

_names = st.text(st.sampled_from("aZ09_ .-é"), min_size=1, max_size=10)

payloads = st.builds(
    Payload,
    source_id=st.uuids(),
    route=_names,
    target=st.builds(
        Target,
        database=_names,
        table=_names,
        data_format=st.shared(st.sampled_from(DataFormat), key="format"),
        mapping=st.none() | _names,
    ),
    records=st.builds(
        Records,
        content=st.binary(max_size=40),
        data_format=st.shared(st.sampled_from(DataFormat), key="format"),
        count=st.none() | st.integers(0, 10),
    ),
    streaming=st.sampled_from(Streaming),
    tagging=st.builds(Tagging, tags=st.lists(_names, max_size=2).map(tuple), once=st.booleans()),
)


@given(work=payloads, reason=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_payload_comes_back_whole(work: Payload, reason: str) -> None:
    held = Held.of(work, reason=reason, detail="d", attempts=3, now=1.5)
    again = Held.decode(held.encode())
    assert again == held
    assert again.payload() == work


@pytest.mark.parametrize("name", ["a.csv", "a/b/c d.csv"])
def test_the_blob_it_came_from_is_named(name: str) -> None:
    held = Held.of(payload(), reason="r", detail="d", attempts=1, now=0.0, blob=f"landing/{name}", index=3)
    again = Held.decode(held.encode())
    assert (again.blob, again.envelope.index) == (BlobName(container="landing", name=name), 3)
    assert Held.of(payload(), reason="r", detail="d", attempts=1, now=0.0).blob is None


@given(stored=st.binary(max_size=40))
def test_something_else_is_no_payload(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Held.decode(stored)
