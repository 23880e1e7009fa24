"""The lent containers and queues: fetched once, refreshed in time, and kept while the service does not answer."""

import threading
from dataclasses import dataclass, field

import pytest

from shared.ingest.resources import REFRESH_AFTER, USABLE_FOR, IngestionResources, NoResourcesError
from tests.fakes import FakeClock


@dataclass(slots=True)
class FakeService:
    """An ingestion endpoint: each set of resources has a number. It is its own client and its own manager."""

    containers: int = 1
    queues: int = 1
    broken: Exception | None = None
    asked: int = 0
    building: list[int] = field(default_factory=list)

    @property
    def _resource_manager(self) -> "FakeService":
        return self

    def build(self) -> "FakeService":
        self.building.append(threading.get_ident())
        return self

    def get_containers(self) -> list[str]:
        self.asked += 1
        if self.broken:
            raise self.broken
        return [f"container {self.asked}?sig=s3cret"] * self.containers

    def get_ingestion_queues(self) -> list[str]:
        return [f"queue {self.asked}?sig=s3cret"] * self.queues

    def get_authorization_context(self) -> str:
        return f"authorization {self.asked}"


def lent(service: FakeService, clock: FakeClock) -> IngestionResources:
    return IngestionResources(service.build, clock.monotonic)


def number(resources: IngestionResources) -> int:
    return int(resources.current().authorization.split()[-1])


def test_a_set_is_fetched_once() -> None:
    service, clock = FakeService(), FakeClock()
    resources = lent(service, clock)
    assert service.asked == 0
    first = resources.current()
    clock.at += REFRESH_AFTER - 1
    assert resources.current() is first
    assert service.asked == 1
    assert (first.containers[0], first.queues[0]) == ("container 1?sig=s3cret", "queue 1?sig=s3cret")


def test_an_old_set_is_replaced() -> None:
    service, clock = FakeService(), FakeClock()
    resources = lent(service, clock)
    assert number(resources) == 1
    clock.at += REFRESH_AFTER
    assert number(resources) == 2


def test_a_set_is_kept_while_no_new_one_comes() -> None:
    service, clock = FakeService(), FakeClock()
    resources = lent(service, clock)
    resources.current()
    service.broken = OSError("x")
    clock.at += USABLE_FOR - 1
    assert number(resources) == 1
    service.broken = None
    assert number(resources) > 1


def test_a_set_is_kept_while_the_service_lends_nothing() -> None:
    service, clock = FakeService(), FakeClock()
    resources = lent(service, clock)
    resources.current()
    service.queues = 0
    clock.at += REFRESH_AFTER
    assert number(resources) == 1


def test_a_set_is_not_kept_for_ever() -> None:
    service, clock = FakeService(), FakeClock()
    resources = lent(service, clock)
    resources.current()
    service.broken = OSError("x")
    clock.at += USABLE_FOR
    with pytest.raises(OSError, match="x"):
        resources.current()


@pytest.mark.parametrize(("containers", "queues"), [(0, 1), (1, 0), (0, 0)])
def test_nothing_lent_is_a_failure_and_not_a_success(containers: int, queues: int) -> None:
    with pytest.raises(NoResourcesError):
        lent(FakeService(containers=containers, queues=queues), FakeClock()).current()


def test_a_failure_is_not_remembered() -> None:
    service = FakeService(broken=OSError("x"))
    resources = lent(service, FakeClock())
    with pytest.raises(OSError, match="x"):
        resources.current()
    service.broken = None
    assert resources.current()


def test_a_set_that_did_not_work_is_fetched_again() -> None:
    service = FakeService()
    resources = lent(service, FakeClock())
    resources.current()
    resources.forget()
    assert number(resources) == 2


def test_many_threads_fetch_once() -> None:
    service = FakeService()
    resources = lent(service, FakeClock())
    threads = [threading.Thread(target=resources.current) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.asked == 1


def test_a_set_does_not_show_its_signatures() -> None:
    assert "s3cret" not in f"{lent(FakeService(), FakeClock()).current()!r}"
