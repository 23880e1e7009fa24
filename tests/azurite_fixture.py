"""A real Azurite for tests: in memory, on free ports, one for each test process.

Import the fixture into a conftest: ``from tests.azurite_fixture import storage``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.azurite import Azurite
from local.problems import LocalError
from tests.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of a running Azurite, the one that ``./dev`` installs."""
    log = tmp_path_factory.mktemp("azurite") / "azurite.log"
    with LoopThread() as loop:
        try:
            azurite = loop.run(Azurite.start(log=log))
        except LocalError as problem:
            pytest.fail(str(problem))
        try:
            yield azurite.endpoints.connection_string
        finally:
            loop.run(azurite.stop())
