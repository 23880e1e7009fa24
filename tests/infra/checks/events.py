"""Checks of the event subscription: which blobs it tells of, and what becomes of an event that nobody takes."""

from pathlib import Path

from tests.infra.bicep.deployment import Deployed, at, of_type
from tests.infra.bicep.values import Joined, Value

_SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
#: What is told before the blob has its content (Microsoft docs, "Azure Blob Storage as an Event Grid source").
_TOO_EARLY = frozenset({"CreateFile", "SftpCreate"})


def subscriptions(root: Path) -> list[Deployed]:
    """The event subscriptions."""
    return of_type(root, _SUBSCRIPTION)


def subject_problems(root: Path) -> list[str]:
    """A subject without `/` at its end also lets the blobs of `landing2` through."""
    return [
        f"{row.where}: subjectBeginsWith is {subject!r}"
        for row in subscriptions(root)
        if not (subject := shown(row.at("properties.filter.subjectBeginsWith"))).endswith("/")
        or not subject.startswith("/blobServices/default/containers/")
    ]


def event_type_problems(root: Path) -> list[str]:
    """Events that are not about a new blob would be delivered for nothing."""
    return [
        f"{row.where}: includedEventTypes are {types}"
        for row in subscriptions(root)
        if (types := row.at("properties.filter.includedEventTypes")) != ["Microsoft.Storage.BlobCreated"]
    ]


def api_problems(root: Path) -> list[str]:
    """`data.api`: the early events are left out, and only those: an API that is new must not lose its blobs."""
    return [
        f"{row.where}: data.api is filtered by {found}"
        for row in subscriptions(root)
        if (found := _api_filters(row)) != [("StringNotIn", _TOO_EARLY)]
    ]


def _api_filters(row: Deployed) -> list[tuple[Value, frozenset[str]]]:
    filters = row.at("properties.filter.advancedFilters")
    found: list[tuple[Value, frozenset[str]]] = []
    for one in filters if isinstance(filters, list) else []:
        values = at(one, "values")
        if at(one, "key") == "data.api" and isinstance(values, list):
            found.append((at(one, "operatorType"), frozenset(map(str, values))))
    return found


def dead_letter_container(row: Deployed) -> Value:
    """The container where a subscription puts what was not delivered."""
    return row.at("properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName")


def dead_letter_problems(root: Path) -> list[str]:
    """A container for events that were not delivered, which is made by the template."""
    made = {str(row.at("name")) for row in of_type(root, "Microsoft.Storage/storageAccounts/blobServices/containers")}
    return [
        f"{row.where}: the dead-letter container {container!r} is not among {sorted(made)}"
        for row in subscriptions(root)
        if (container := shown(dead_letter_container(row))) not in made
    ]


def shown(value: Value) -> str:
    """A text with what is not known in it as `{source}`."""
    parts = value.parts if isinstance(value, Joined) else (value,)
    return "".join(part if isinstance(part, str) else f"{{{part}}}" for part in parts)
