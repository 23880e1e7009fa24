"""The promises as laws over what was sent, what was answered, and what is stored."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.accounting import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.storage.held import Held

#: Stands in every record that is sent, and nowhere else.
PAYLOAD = "pAyLoAd"
_SAS = re.compile(r"sig=(?!REDACTED)[^&\s'\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of the application."""

    status: int
    text: str
    body: Mapping[str, Any]

    @property
    def acknowledged(self) -> bool:
        return self.status in {200, 202}

    @property
    def duplicate(self) -> bool:
        return bool(self.body.get("duplicate"))

    @property
    def unsure(self) -> bool:
        """It said that rows may be there, or may be there twice."""
        return bool(self.body.get("maybeDuplicate") or self.body.get("maybeCommitted"))


@dataclass(slots=True, kw_only=True, eq=False)
class Sent:
    """A body, or a blob, with the names of its events, and what was said about it. `bad`: events Kusto cannot read."""

    route: str
    ids: tuple[str, ...]
    bad: frozenset[str]
    body: bytes
    key: str | None = None
    quarantine: bool = False
    blob: str = ""
    replies: list[Reply] = field(default_factory=list)
    state: Mapping[str, Any] = field(default_factory=dict)  # of its operation, at the end
    given_up: bool = False  # Kusto's batching manager could not read what it was queued with, and says so
    unrecorded: bool = False  # the ledger was in trouble; a blob has no answer in which that could be said

    @property
    def recognised(self) -> bool:
        """A repetition of it is recognised."""
        return self.key is not None or self.route == "hooks" or bool(self.blob)

    @property
    def acknowledged(self) -> bool:
        return bool(self.blob) or any(reply.acknowledged for reply in self.replies)

    @property
    def unsure(self) -> bool:
        told = any(reply.unsure for reply in self.replies) or bool(self.state.get("maybeDuplicate"))
        return told or (bool(self.blob) and self.unrecorded)

    @property
    def set_aside(self) -> frozenset[str]:
        """Events that an answer named as rejected, while their neighbours were taken."""
        named = [
            error["index"] for reply in self.replies for error in reply.body.get("errors", ()) if reply.acknowledged
        ]
        return frozenset(self.ids[index] for index in named)


def dead(letters: Iterable[Held]) -> tuple[frozenset[str], frozenset[str]]:
    """The blobs, and the text, that dead letters hold."""
    kept = list(letters)
    blobs = frozenset(held.envelope.blob for held in kept if held.envelope.blob and not held.content)
    return blobs, frozenset(line for held in kept for line in held.content.decode().splitlines())


def check_stored(sent: Sent, rows: Mapping[str, int], letters: list[Held]) -> None:
    """Acknowledged is stored, refused is not, and nothing comes twice unsaid."""
    blobs, lines = dead(letters)
    said = [(reply.status, reply.text) for reply in sent.replies]
    for name in sent.ids:
        count = rows.get(name, 0)
        buried = sent.blob in blobs or any(name in line for line in lines)
        where = f"{name} of {sent.route} ({sent.blob or sent.key or 'no key'}): {count} rows, answers {said}"
        if sent.acknowledged:
            # A queued body that Kusto cannot read fails as a whole there; only its own bad records may do that to it,
            # and its operation says so (where there was a ledger to write it into).
            told = sent.state.get("state") == "failed" or (sent.unrecorded and sent.given_up)
            refused = told and bool(sent.bad)
            assert count or buried or refused, f"acknowledged and lost: {where}, operation {sent.state}"
            if buried and not sent.unsure:
                assert not count, f"dead letter and row: {where}"
            if name in sent.set_aside:
                assert buried, f"set aside without a dead letter: {where}"
        elif not sent.unsure:
            assert not count, f"refused and stored: {where}"
        assert count < 2 or sent.unsure, f"twice and unsaid: {where}, operation {sent.state}"


def check_books(sent: Iterable[Sent], fates: Mapping[Fate, int], received: int) -> None:
    """The books say what the senders heard."""
    heard: Counter[Fate] = Counter()
    for reply in (reply for one in sent for reply in one.replies):
        match reply.status:
            case 200 | 202 if reply.duplicate:
                heard[Fate.DUPLICATE] += 1
            case 200:
                heard[Fate.DELIVERED] += 1
            case 202:
                heard[Fate.DEFERRED] += 1
            case _:
                heard[Fate.REJECTED] += 1
    assert {fate: heard[fate] for fate in Fate} == dict(fates)
    assert sum(heard.values()) == received


def check_silence(texts: Iterable[str], secrets: Iterable[str]) -> None:
    """No payload, secret or SAS in logs and problems."""
    hidden = (PAYLOAD, *secrets)
    for text in texts:
        for word in hidden:
            assert word not in text, f"said {word!r}: {text[:2000]}"
        assert not _SAS.search(text), f"a SAS was said: {text[:2000]}"
