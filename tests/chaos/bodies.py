"""Records to send: each names its event and carries the word that must never be said."""

import json

from .laws import PAYLOAD


def line(name: str, good: bool = True) -> bytes:  # noqa: FBT001, FBT002 - mapped over
    """A CSV record; a bad one has text after a closing quote, which only Kusto looks at."""
    return f"{name},{PAYLOAD}\n".encode() if good else f'{name},"{PAYLOAD}"x"\n'.encode()


def event(name: str, _good: bool = True) -> bytes:  # noqa: FBT001, FBT002 - as above
    """A JSON record."""
    return json.dumps({"id": name, "data": {"text": PAYLOAD}}).encode() + b"\n"
