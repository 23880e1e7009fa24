"""Fixtures of all tests."""

from tests.azurite_fixture import storage

__all__ = ["storage"]
