"""Changes that break a checkout, each with the test that finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

type Check = Callable[[Path], list[str]]

#: Files that are broken often.
MAIN, EVENTS, PARAMETERS = "infra/main.bicep", "infra/eventsub.bicep", "infra/main.parameters.json"
STORAGE, SITE, SETTINGS, ROLES, KUSTO, ACCESS, SCHEMA = (
    f"infra/modules/{name}.bicep"
    for name in ("storage", "function", "settings", "roles", "kusto", "kusto-access", "schema")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """In `file`, `old` becomes `new`. The test of the name `test` finds it by `check`, which says `told`."""

    what: str
    file: str
    old: str
    new: str
    test: str
    check: Check
    told: str


def breakage(what: str, change: tuple[str, str, str], found: tuple[str, Check, str]) -> Breakage:
    return Breakage(
        what=what, file=change[0], old=change[1], new=change[2], test=found[0], check=found[1], told=found[2]
    )
