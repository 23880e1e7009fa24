"""A local Kusto in this process, and the application against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.storage.blob import BlobServiceClient

from local.kusto.dm.ingestor import Patience
from tests.kusto_fixture import LocalKusto, running_kusto

from .scenery import LANDING, SCHEMA
from .world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def kusto(storage: str) -> Iterator[LocalKusto]:
    """Batches at once, and as patient with the engine as the service."""
    patience = Patience(attempts=8, first_pause=0.01, longest_pause=0.1)
    with BlobServiceClient.from_connection_string(storage) as service:
        service.create_container(LANDING)
    with running_kusto(storage, batching_seconds=0.02, patience=patience) as running:
        running.run(*SCHEMA)
        yield running


@pytest.fixture
async def world(kusto: LocalKusto, storage: str, tmp_path: Path) -> AsyncIterator[World]:
    kusto.faults.clear()
    living = World(kusto=kusto, storage=storage, folder=tmp_path)
    try:
        yield living
    finally:
        kusto.faults.clear()
        await living.close()
