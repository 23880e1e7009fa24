"""Hosts for the tests: real processes of ``python -m local.functions`` on a real Azurite."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.azurite_fixture import storage
from tests.functional.host.support import Caller, Storage, calling, open_account

__all__ = ["storage"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account(storage: str) -> AsyncIterator[Storage]:
    async with open_account(storage) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def basic(account: Storage, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Caller]:
    """The basic sample app, one process for all tests of a module."""
    async with calling("basic", tmp_path_factory.mktemp("basic"), storage=account.connection_string) as caller:
        yield caller
