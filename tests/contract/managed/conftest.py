"""One local Kusto for the whole table; every case works in a table of its own."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest

from local.managed_table.case import Case
from local.managed_table.cases import CASES
from local.managed_table.stage import Scene, Stage
from tests.kusto_fixture import DATABASE, running_kusto

#: Seconds after the last case in which late rows would come.
_SETTLE = 1.5


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

    def changed(self) -> dict[str, tuple[float, float]]:
        """Cases whose rows are not what they were when the case was over: then, and now."""
        now = self.scene.times([stage for stage, _ in self.played])
        return {stage.case.name: (then, now[stage.table]) for stage, then in self.played if now[stage.table] != then}


@pytest.fixture(scope="session")
def stages(storage: str) -> Iterator[Stages]:
    """After all cases, nothing may have come later: of requests that were given up, or notes that were posted twice."""
    with running_kusto(storage, batching_seconds=0.05) as kusto:
        scene = Scene(url=kusto.url, database=DATABASE, storage=storage)
        scene.prepare()
        stages = Stages(scene=scene)
        yield stages
        time.sleep(_SETTLE)
        assert stages.changed() == {}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=[case.name for case in CASES])
