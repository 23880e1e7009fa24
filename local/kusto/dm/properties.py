"""Ingestion properties of a queued source (Microsoft docs: ``ingestion-properties``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from local.kusto.dm.refusal import refusal
from local.kusto.formats import DataFormat, mapping_kind

if TYPE_CHECKING:
    from local.kusto.errors import KustoError

_COMPRESSION: Final = (".gz", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """How the content is read and marked.

    ``inline_mapping`` is the JSON text of the column mappings, kept as text so that two equal ones make one batch.
    ``tags`` carry their prefixes; ``ingest_if_not_exists`` does not.
    """

    data_format: DataFormat
    mapping_name: str | None = None
    inline_mapping: str | None = None
    ignore_first_record: bool = False
    tags: tuple[str, ...] = ()
    ingest_if_not_exists: tuple[str, ...] = ()
    creation_time: datetime | None = None
    zip_pattern: str | None = None

    @classmethod
    def parse(cls, additional: Mapping[str, Any], blob_name: str) -> Self:
        """Read ``AdditionalProperties``, whose names are compared in any case; raises ``KustoError``."""
        found = {name.lower(): value for name, value in additional.items() if value is not None}
        data_format = _format(str(found.get("format") or ""), blob_name)
        kind = mapping_kind(data_format).value
        inline = _mapping(found.get("ingestionmapping") or found.get(f"{kind}mapping"))
        reference = (
            found.get("ingestionmappingreference")
            or found.get(f"{kind}mappingreference")
            or found.get("mappingreference")
        )
        if inline and reference:
            raise refusal(
                "BadRequest_DuplicateMapping",
                "Ingestion properties include both ingestionMapping and ingestionMappingReference.",
            )
        pattern = found.get("zippattern")
        return cls(
            data_format=data_format,
            mapping_name=str(reference) if reference else None,
            inline_mapping=inline,
            ignore_first_record=str(found.get("ignorefirstrecord", "")).lower() == "true",
            tags=_strings("tags", found.get("tags")),
            ingest_if_not_exists=_strings("ingestIfNotExists", found.get("ingestifnotexists")),
            creation_time=_moment(found.get("creationtime")),
            zip_pattern=_regex(str(pattern)) if pattern else None,
        )

    @property
    def mapping(self) -> list[Mapping[str, object]] | None:
        """The inline mapping, parsed."""
        return None if self.inline_mapping is None else json.loads(self.inline_mapping)


def _format(text: str, blob_name: str) -> DataFormat:
    if text:
        return DataFormat.parse(text)
    name = blob_name.lower()
    for ending in _COMPRESSION:
        name = name.removesuffix(ending)
    _, dot, extension = name.rpartition(".")
    try:
        return DataFormat(extension) if dot else DataFormat.CSV
    except ValueError:
        return DataFormat.CSV  # the service's own default, docs: ingestion-properties


def _malformed(name: str) -> KustoError:
    return refusal("BadRequest_MalformedIngestionProperty", f"Ingestion property '{name}' is malformed.")


def _mapping(value: Any) -> str | None:
    if not value:
        return None
    try:
        columns = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        columns = None
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        raise refusal("BadRequest_InvalidMapping", "Failed to parse ingestion mapping: no JSON array of objects.")
    return json.dumps(columns, sort_keys=True)


def _strings(name: str, value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    try:
        found = json.loads(value.replace("'", '"')) if isinstance(value, str) else value
    except ValueError:
        raise _malformed(name) from None
    if (
        not isinstance(found, Iterable)
        or isinstance(found, str | Mapping)
        or not all(isinstance(i, str) for i in found)
    ):
        raise _malformed(name)
    return tuple(found)


def _moment(value: Any) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise _malformed("creationTime") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _regex(pattern: str) -> str:
    # The docs' own example is the glob "*.csv", which is no regular expression; both are taken.
    try:
        re.compile(pattern)
    except re.error:
        pattern = re.escape(pattern).replace(r"\*", ".*")
    return pattern
