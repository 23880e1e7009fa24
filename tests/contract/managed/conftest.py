"""One local Kusto for the whole table; every case works in a table of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from local.managed_table.case import Case
from local.managed_table.cases import CASES
from local.managed_table.stage import Scene, Stage
from tests.kusto_fixture import DATABASE, running_kusto

@dataclass(slots=True)
class Stages:
    """Where cases were played, to look at again when all are over."""

    scene: Scene
    played: list[tuple[Stage, float]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def next(self, case: Case) -> Stage:
        """A stage for a case, in a table that nobody else has."""
        stage = Stage(scene=self.scene, case=case, table=f"T{next(self._numbers)}")
        stage.prepare()
        return stage


@pytest.fixture(scope="session")
def stages(storage: str) -> Iterator[Stages]:
    with running_kusto(storage) as kusto:
        scene = Scene(url=kusto.url, database=DATABASE, storage=storage)
        scene.prepare()
        yield Stages(scene=scene)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=[case.name for case in CASES])
