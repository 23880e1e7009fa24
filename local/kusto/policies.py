"""Policies: which there are, and how the ones that change behaviour here are read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from local.kusto.errors import bad_request
from local.kusto.model import BatchingPolicy
from local.kusto.moments import parse_timespan

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = {
    "streamingingestion": "StreamingIngestionPolicy",
    "ingestionbatching": "IngestionBatchingPolicy",
    "retention": "RetentionPolicy",
    "caching": "CachingPolicy",
    "update": "UpdatePolicy",
    "merge": "MergePolicy",
    "sharding": "ShardingPolicy",
    "ingestiontime": "IngestionTimePolicy",
    "encoding": "EncodingPolicy",
    "row_level_security": "RowLevelSecurityPolicy",
    "restricted_view_access": "RestrictedViewAccessPolicy",
    "roworder": "RowOrderPolicy",
    "auto_delete": "AutoDeletePolicy",
    "partitioning": "PartitioningPolicy",
    "mirroring": "MirroringPolicy",
    "managed_identity": "ManagedIdentityPolicy",
}
_DEFAULT: Final = BatchingPolicy()
_SHORTEST: Final = timedelta(seconds=10)
_LONGEST: Final = timedelta(minutes=30)


def read_batching_policy(body: Mapping[str, Any] | None) -> BatchingPolicy:
    """The batching policy a JSON body describes; what it leaves out has the default."""
    if not body:
        return _DEFAULT
    span = parse_timespan(str(body.get("MaximumBatchingTimeSpan") or "00:05:00"))
    return BatchingPolicy(
        maximum_batching_time_span=(span or timedelta(minutes=5)).total_seconds(),
        maximum_number_of_items=int(body.get("MaximumNumberOfItems") or _DEFAULT.maximum_number_of_items),
        maximum_raw_data_size_mb=int(body.get("MaximumRawDataSizeMB") or _DEFAULT.maximum_raw_data_size_mb),
    )


def check_policy(name: str, body: Any) -> Any:
    """Whether the body is one for that policy; raises ``KustoError``."""
    if name == "update":
        if not isinstance(body, list) or not all(isinstance(e, dict) and e.get("Source") for e in body):
            raise _malformed(name, "it is a JSON array of objects with Source and Query")
        return body
    if name == "streamingingestion" and not (isinstance(body, dict) and isinstance(body.get("IsEnabled"), bool)):
        raise _malformed(name, "it is a JSON object with a boolean IsEnabled")
    if name == "ingestionbatching":
        _check_batching(body)
    if name == "managed_identity":
        _check_identities(body)
    return body


def merge_policy(before: Any, given: Any) -> Any:
    """What ``.alter-merge`` makes of a policy: keys of objects are replaced, identities get further usages."""
    if isinstance(before, dict) and isinstance(given, dict):
        return {**before, **given}
    if isinstance(before, list) and _identities(before) and _identities(given):
        usages = {entry["ObjectId"]: _usages(entry) for entry in before}
        for entry in given:
            known = usages.setdefault(entry["ObjectId"], [])
            known += [usage for usage in _usages(entry) if usage not in known]
        return [{"ObjectId": name, "AllowedUsages": ", ".join(listed)} for name, listed in usages.items()]
    return given


def _check_identities(body: Any) -> None:
    """Source: Microsoft docs, ``managed-identity-policy``: an array; ObjectId and AllowedUsages are required."""
    if not _identities(body):
        raise _malformed("managed_identity", "it is a JSON array of objects with ObjectId and AllowedUsages")


def _identities(body: Any) -> bool:
    return isinstance(body, list) and all(
        isinstance(e, dict) and isinstance(e.get("ObjectId"), str) and isinstance(e.get("AllowedUsages"), str)
        for e in body
    )


def _usages(entry: Mapping[str, Any]) -> list[str]:
    return [usage.strip() for usage in entry["AllowedUsages"].split(",") if usage.strip()]


def _check_batching(body: Any) -> None:
    """Source of the bounds: Microsoft docs, ``batching-policy`` (10 seconds to 30 minutes; 1 to 25 000 items)."""
    if not isinstance(body, dict):
        raise _malformed("ingestionbatching", "it is a JSON object")
    span = body.get("MaximumBatchingTimeSpan")
    if span is not None:
        parsed = parse_timespan(str(span))
        if parsed is None or not _SHORTEST <= parsed <= _LONGEST:
            raise _malformed("ingestionbatching", "MaximumBatchingTimeSpan is between 00:00:10 and 00:30:00")
    for key in ("MaximumNumberOfItems", "MaximumRawDataSizeMB"):
        value = body.get(key)
        if value is not None and not (isinstance(value, int) and value > 0):
            raise _malformed("ingestionbatching", f"{key} is a positive number")


def _malformed(name: str, reason: str) -> Exception:
    return bad_request("General_BadRequest", f"Policy '{name}' is malformed: {reason}.")
