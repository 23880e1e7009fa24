"""Who may read source blobs by managed identity (Microsoft docs: ``managed-identity-policy``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

_USAGES: Final = frozenset({"nativeingestion", "all"})


def allowed_identities(policy: Any, from_command_line: frozenset[str] | None) -> frozenset[str] | None:
    """Object ids (or ``system``) that may be used for ingestion; ``None`` allows all.

    ``policy`` is the database's ManagedIdentity policy, a JSON array. It adds to what the command line allows. With
    neither, all are allowed: a laptop has no identities to protect.
    """
    if policy is None:
        return from_command_line
    entries = policy if isinstance(policy, Sequence) and not isinstance(policy, str) else [policy]
    listed = {str(e.get("ObjectId")) for e in entries if isinstance(e, Mapping) and _USAGES & _usages(e)}
    return frozenset(listed) | (from_command_line or frozenset())


def _usages(entry: Mapping[str, Any]) -> set[str]:
    return {usage.strip().lower() for usage in str(entry.get("AllowedUsages", "")).split(",")}
