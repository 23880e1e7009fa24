"""What Azure Resource Manager says when it refuses: errors in errors, sometimes as JSON inside a message."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Envelopes are followed this deep; real ones have about five.
_DEEPEST = 20
#: Characters of a message that are kept.
_LONGEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error, without any that it wraps."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def innermost(body: object, *, otherwise: Fault) -> tuple[Fault, ...]:
    """The errors that wrap no other, in order; `otherwise` where the body holds none.

    Understands `{"error": {"code", "message", "details", "innererror"}}`, the App Service form with capital
    letters, and messages that are themselves such a body.
    """
    return tuple(dict.fromkeys(_leaves(body, _DEEPEST))) or (otherwise,)


def _leaves(body: object, depth: int) -> Iterator[Fault]:
    if depth == 0:
        return
    if isinstance(body, list):
        for element in body:
            yield from _leaves(element, depth - 1)
    if not isinstance(body, Mapping):
        return
    fields = {str(name).lower(): value for name, value in body.items()}
    within = [fault for name in ("error", "details", "innererror") for fault in _leaves(fields.get(name), depth - 1)]
    message = str(fields.get("message") or "").strip()
    if not within and message.startswith("{"):
        within = list(_leaves(_parsed(message), depth - 1))
    # App Service repeats the code alone among the details: that explains less than what it is a detail of.
    if message:
        within = [fault for fault in within if fault.message]
    if within:
        yield from within
    elif fields.get("code"):
        yield Fault(code=str(fields["code"]), message=" ".join(message.split())[:_LONGEST])


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return None
    return parsed
