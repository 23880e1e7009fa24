"""Faults on demand and the record of requests of the local Kusto."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.kusto.faults.half import FaultsHalf
from local.kusto.faults.plan import plan_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from local.kusto.engine import Engine

__all__ = ["FaultsHalf", "add_arguments", "extension", "from_arguments"]


def extension(engine: Engine) -> FaultsHalf:
    """The faults of one engine; without any armed it only records requests."""
    return FaultsHalf(plan_of(engine))


def add_arguments(_parser: ArgumentParser) -> None:
    """Nothing to choose: faults are armed over ``/admin/faults``."""


def from_arguments(engine: Engine, _args: Namespace) -> FaultsHalf:
    """The extension as the command line asks for it."""
    return extension(engine)
