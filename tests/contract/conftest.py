"""One Azurite for all contract tests of a process."""

from tests.azurite_fixture import storage

__all__ = ["storage"]
