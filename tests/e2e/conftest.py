"""One running stack for each file of tests."""

from collections.abc import Iterator

import pytest

from tests.e2e.commands import ANY_PORTS, Staying, staying


@pytest.fixture(scope="module")
def up() -> Iterator[Staying]:
    """A `./dev up` on free ports."""
    with staying("up", *ANY_PORTS) as running:
        yield running
