"""Failures of queued ingestion, by their codes (Microsoft docs: ``data-explorer/error-codes.md``)."""

from __future__ import annotations

from local.kusto.errors import KustoError

_INGESTION = "Kusto.DataManagement.Exceptions.IngestionException"


def refusal(code: str, description: str) -> KustoError:
    """A permanent failure: the same source will fail again."""
    return KustoError(
        status=400,
        code=code,
        message="Request is invalid and cannot be executed.",
        type_=_INGESTION,
        description=description,
        permanent=True,
    )


def hindrance(code: str, description: str) -> KustoError:
    """A transient failure: worth another try."""
    return KustoError(
        status=503,
        code=code,
        message="The service is temporarily unavailable.",
        type_=_INGESTION,
        description=description,
        permanent=False,
    )
