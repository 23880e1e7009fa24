"""Checks of the storage account: its containers and queues are the code's, and rules delete only what may go."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep.deployment import Deployed, at, of_type
from tests.infra.bicep.values import Value
from tests.infra.checks.code import code_of

_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"
_QUEUES = "Microsoft.Storage/storageAccounts/queueServices/queues"
_LIFECYCLE = "Microsoft.Storage/storageAccounts/managementPolicies"
#: What the platform needs and the code never touches.
PLATFORM_CONTAINERS = frozenset({"deployments", "eventgrid-deadletters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A lifecycle rule: blobs that begin with one of `prefixes` (none: all) are deleted after `days` (None: never)."""

    where: str
    name: str
    prefixes: tuple[str, ...]
    days: Value

    def reaches(self, container: str) -> bool:
        """Whether it touches blobs of a container."""
        inside = f"{container}/"
        return not self.prefixes or any(inside.startswith(one) or one.startswith(inside) for one in self.prefixes)


def container_problems(root: Path) -> list[str]:
    """Containers that the code uses and nobody makes, and the other way round."""
    return _differences("container", names(root, _CONTAINERS), code_of(root).containers | PLATFORM_CONTAINERS)


def queue_problems(root: Path) -> list[str]:
    """The same for queues; a queue trigger complains about one that is not there."""
    return _differences("queue", names(root, _QUEUES), code_of(root).queues)


def names(root: Path, kind: str) -> frozenset[str]:
    """The last part of the name of each resource of a type."""
    return frozenset(str(row.at("name")).rpartition("/")[2] for row in of_type(root, kind))


def _differences(what: str, made: frozenset[str], used: frozenset[str]) -> list[str]:
    return [f"{what} {name} is made, and the code does not use it" for name in sorted(made - used)] + [
        f"{what} {name} is used by the code, and not made" for name in sorted(used - made)
    ]


def spool_problems(root: Path) -> list[str]:
    """What waits in the spool was acknowledged: no rule may delete it, whatever its age."""
    return _deleted_from(root, "SPOOL_CONTAINER")


def landing_problems(root: Path) -> list[str]:
    """Landed blobs are the sender's: no rule deletes them either."""
    return _deleted_from(root, "LANDING_CONTAINER")


def _deleted_from(root: Path, container: str) -> list[str]:
    name = code_of(root).names[container]
    return [f"{rule.where}: rule {rule.name} deletes from {name}" for rule in _deleting(root) if rule.reaches(name)]


def lifecycle_problems(root: Path) -> list[str]:
    """Receipts and dead letters go in the end; a prefix that is no container would do nothing."""
    code, made = code_of(root), names(root, _CONTAINERS)
    prefixes = {prefix.partition("/")[0] for rule in _rules(root) for prefix in rule.prefixes}
    deleted = {prefix.partition("/")[0] for rule in _deleting(root) for prefix in rule.prefixes}
    wanted = {code.names["LEDGER_CONTAINER"], code.names["DEAD_LETTER_CONTAINER"], "eventgrid-deadletters"}
    return [f"no container {name}" for name in sorted(prefixes - made)] + [
        f"no rule deletes from {name}" for name in sorted(wanted - deleted)
    ]


def ledger_problems(root: Path) -> list[str]:
    """A receipt must outlive every retry of what it is about, or a repeat would not be recognised."""
    ledger, hours = code_of(root).names["LEDGER_CONTAINER"], _retry_hours(root)
    return [
        f"{rule.where}: receipts go after {rule.days} days, retries take {hours:g} hours"
        for rule in _deleting(root)
        if rule.reaches(ledger) and not (isinstance(rule.days, int) and rule.days * 24 > 2 * hours)
    ]


def _retry_hours(root: Path) -> float:
    """`OLDEST` of shared/pipelines/retries.py: how long the app tries."""
    text = (root / "shared" / "pipelines" / "retries.py").read_text(encoding="utf-8")
    found = re.search(r"^OLDEST = (\d+) \* 3600\.0$", text, re.MULTILINE)
    assert found, "OLDEST is not where it was: mend this check"
    return float(found[1])


def _deleting(root: Path) -> list[Rule]:
    return [rule for rule in _rules(root) if rule.days is not None]


def _rules(root: Path) -> list[Rule]:
    return [rule for row in of_type(root, _LIFECYCLE) for rule in _of_policy(row)]


def _of_policy(row: Deployed) -> Iterator[Rule]:
    rules = row.at("properties.policy.rules")
    for rule in rules if isinstance(rules, list) else []:
        prefixes = at(rule, "definition.filters.prefixMatch")
        yield Rule(
            where=row.where,
            name=str(at(rule, "name")),
            prefixes=tuple(map(str, prefixes)) if isinstance(prefixes, list) else (),
            days=at(rule, "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"),
        )
