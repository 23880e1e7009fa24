"""Dead letters: what Kusto refused for good, or what waited too long. Kept with its reason, and replayable."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.storage.containers import Container
from shared.storage.held import Held
from shared.telemetry.metrics import count_dead_letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of the list of dead letters."""

    id: str
    route: str
    reason: str
    created: str


class DeadLetters:
    """The dead letters of all routes. Ids are `<route>~<day>~<source id>[~<record>]`: a path without slashes."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def keep(self, held: Held) -> str:
        """Write a letter; answers its id. Writing the same one again changes nothing."""
        envelope = held.envelope
        created = datetime.fromtimestamp(envelope.created, UTC)
        parts = [envelope.route, created.strftime("%Y%m%d"), str(envelope.id)]
        if envelope.index is not None:
            parts.append(str(envelope.index))
        metadata = {"route": envelope.route, "reason": envelope.reason, "created": created.isoformat()}
        await self._container.put("/".join(parts), held.encode(), metadata)
        count_dead_letter(envelope.route, envelope.reason)
        return "~".join(parts)

    async def page(self, *, route: str, reason: str, cursor: str | None) -> tuple[tuple[Listed, ...], str | None]:
        """A page of letters, all routes or one, all reasons or one."""
        page = await self._container.page(f"{route}/" if route else "", cursor)
        listed = tuple(
            Listed(
                id=name.replace("/", "~"),
                route=metadata.get("route", ""),
                reason=metadata.get("reason", ""),
                created=metadata.get("created", ""),
            )
            for name, metadata in page.names
        )
        return tuple(item for item in listed if not reason or item.reason == reason), page.cursor

    async def open(self, letter: str) -> Held | None:
        """A letter, or None."""
        entry = await self._container.get(_name(letter))
        return Held.decode(entry.content) if entry else None

    async def delete(self, letter: str) -> bool:
        """Delete a letter; False when it was not there."""
        return await self._container.delete(_name(letter))


def _name(letter: str) -> str:
    return letter.replace("~", "/")
