"""Azurite's access log, read as blob events. Pure.

A line as Azurite 3.35 prints it (morgan's "common" format), after the response has been sent:
`127.0.0.1 - - [22/Nov/2026:19:13:04 +0000] "PUT /devstoreaccount1/landing/a%20b.csv HTTP/1.1" 201 -`
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote

_LINE = re.compile(r'"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+" (?P<status>\d{3}) ')


class Api(StrEnum):
    """What made a blob, as `data.api` of a BlobCreated event names it (Microsoft docs: event-schema-blob-storage)."""

    PUT_BLOB = "PutBlob"
    PUT_BLOCK_LIST = "PutBlockList"
    COPY_BLOB = "CopyBlob"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobCreated:
    """A blob that is complete now.

    Attributes:
        path: The URL's path as the client sent it, percent-encoded, from the account on.
        container: Its container.
        name: Its name, decoded.
    """

    api: Api
    path: str
    container: str
    name: str


def blob_created(line: str) -> BlobCreated | None:
    """The blob that the request of this line completed, or None."""
    found = _LINE.search(line)
    if found is None or found["method"] != "PUT":
        return None
    path, _, query = found["target"].partition("?")
    api = _api(parse_qs(query, keep_blank_values=True), int(found["status"]))
    account, container, name = [*path.lstrip("/").split("/", 2), "", ""][:3]
    if api is None or not account or not container or not name:
        return None
    # A plus in a path is a plus: only query strings use it for a space.
    return BlobCreated(api=api, path=path, container=unquote(container), name=unquote(name))


def _api(query: dict[str, list[str]], status: int) -> Api | None:
    if "restype" in query:
        return None
    match query.get("comp"), status:
        case None, 201:
            return Api.PUT_BLOB
        case None, 202:
            return Api.COPY_BLOB
        case ["blocklist"], 201:
            return Api.PUT_BLOCK_LIST
        case _:
            return None
