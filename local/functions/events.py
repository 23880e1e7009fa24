"""Blob events: what Event Grid posts and what the host's queue holds.

Field names of the queue entry are the host's own (Azure/azure-sdk-for-net, BlobTriggerMessage).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_ACCOUNT_IN_PATH = re.compile(r"localhost|\d+\.\d+\.\d+\.\d+|.*:.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobReference:
    """One event about one blob.

    Attributes:
        function: The host's name of the function (``Host.Functions.X``).
        etag: In quotes, as storage writes it.
        kind: ``BlockBlob``, ``PageBlob`` or ``AppendBlob``.
    """

    function: str
    container: str
    name: str
    etag: str
    kind: str

    @classmethod
    def from_event(cls, event: Any, function: str) -> Self:
        """Read an event in the Event Grid or the CloudEvents schema.

        Raises:
            ValueError: It has no blob URL.
        """
        data = _fields(event)
        container, name = split_blob_url(str(data.get("url") or ""))
        etag, kind = f'"{data.get("eTag") or ""}"', str(data.get("blobType") or "BlockBlob")
        return cls(function=function, container=container, name=name, etag=etag, kind=kind)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a queue entry.

        Raises:
            ValueError: It is none of ours.
        """
        tree = json.loads(text)
        try:
            return cls(
                function=tree["FunctionId"],
                container=tree["ContainerName"],
                name=tree["BlobName"],
                etag=tree["ETag"],
                kind=tree["BlobType"],
            )
        except (KeyError, TypeError) as problem:
            raise ValueError(f"the entry is no blob reference: {problem!r}") from problem

    def to_json(self) -> bytes:
        """The queue entry."""
        fields = {
            "Type": "BlobTrigger",
            "FunctionId": self.function,
            "BlobType": self.kind,
            "ContainerName": self.container,
            "BlobName": self.name,
            "ETag": self.etag,
        }
        return json.dumps(fields, ensure_ascii=False).encode()


def split_blob_url(url: str) -> tuple[str, str]:
    """Container and blob name; at an IP address or localhost (Azurite) the account is the first path segment.

    Raises:
        ValueError: There is no container or no blob in it.
    """
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    if _ACCOUNT_IN_PATH.fullmatch(parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    if not container or not name:
        raise ValueError("The data.url of an event names no blob.")
    return unquote(container), unquote(name)


def parse_events(body: bytes) -> list[Any]:
    """The events of a request body: one (CloudEvents) or a list (Event Grid schema).

    Raises:
        ValueError: It is not JSON.
    """
    try:
        tree = json.loads(body)
    except ValueError as problem:
        raise ValueError("The body is not JSON.") from problem
    return tree if isinstance(tree, list) else [tree]


def validation_code(events: list[Any]) -> str:
    """The code of a SubscriptionValidation event.

    Raises:
        ValueError: No event has one.
    """
    for event in events:
        if code := _fields(event).get("validationCode"):
            return str(code)
    raise ValueError("The SubscriptionValidation event has no data.validationCode.")


def _fields(event: Any) -> Mapping[str, Any]:
    found = event.get("data") if isinstance(event, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def path_values(pattern: str, path: str) -> dict[str, str]:
    """Values of the ``{name}`` parts of a trigger's path, for ``container/blob``; empty where it does not match."""
    expression, end = "", 0
    names: list[str] = []
    for match in re.finditer(r"\{(\w+)\}", pattern):
        names.append(match.group(1))
        expression += re.escape(pattern[end : match.start()]) + "(.+)"
        end = match.end()
    found = re.fullmatch(expression + re.escape(pattern[end:]), path, re.DOTALL)
    return dict(zip(names, found.groups(), strict=True)) if found else {}
