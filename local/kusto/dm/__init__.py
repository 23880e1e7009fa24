"""The ingestion endpoint of the local Kusto: resources in Azurite, batching, reports, queued ingestion over REST."""

from __future__ import annotations

import logging
import re
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

from local.kusto.dm.account import Account, StorageError
from local.kusto.dm.half import IngestionHalf, Options
from local.kusto.faults.plan import plan_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from local.kusto.engine import Engine

__all__ = ["IngestionHalf", "Options", "StorageError", "add_arguments", "extension", "from_arguments"]


def extension(engine: Engine, storage: str | None, options: Options | None = None) -> IngestionHalf:
    """The ingestion half over a storage account (connection string); raises ``StorageError`` for a malformed one."""
    account = Account.parse(storage) if storage else None
    return IngestionHalf(engine, account, options or Options())


def add_arguments(parser: ArgumentParser) -> None:
    """Add the ingestion half's arguments (all but ``--storage``, which the server's own parser has)."""
    group = parser.add_argument_group("queued ingestion")
    group.add_argument(
        "--batching-seconds",
        type=float,
        metavar="N",
        help="seconds that a batch waits at most, whatever IngestionBatching policies say (default: they decide)",
    )
    group.add_argument(
        "--ingestion-prefix",
        type=_prefix,
        default="",
        metavar="NAME",
        help="lead the names of containers and queues by NAME, so that several local Kustos share one storage account",
    )
    group.add_argument(
        "--allow-managed-identity",
        action="append",
        metavar="ID",
        help="object id (or 'system') that may read source blobs; may be repeated; default: any",
    )


def _prefix(text: str) -> str:
    """A lead that container, queue and table names may have (Microsoft docs: naming containers and queues)."""
    if text and not re.fullmatch(r"[a-z0-9](-?[a-z0-9]){0,29}", text):
        raise ArgumentTypeError(f"{text!r}: up to 30 lower-case letters, digits and single hyphens inside")
    return text


def from_arguments(engine: Engine, args: Namespace) -> IngestionHalf:
    """The extension as the command line asks for it; faults on the engine reach its batches."""
    # The storage SDK logs every request at INFO: ten a second of an idle queue.
    logging.getLogger("azure").setLevel(logging.WARNING)
    allowed: list[str] | None = args.allow_managed_identity
    options = Options(
        batching_seconds=args.batching_seconds,
        prefix=args.ingestion_prefix,
        identities=None if allowed is None else frozenset(allowed),
        probe=plan_of(engine).probe_batch,
    )
    return extension(engine, args.storage, options)
