"""The answer to one request: its outcome, and the numbers that the request itself had. Pure."""

from dataclasses import dataclass
from uuid import UUID

from shared.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one request. `outcome` is None for a dry run that found nothing wrong."""

    operation_id: UUID
    outcome: Outcome | None
    rows: int | None = None
    raw_size: int | None = None  # uncompressed bytes
    duplicate: bool = False
