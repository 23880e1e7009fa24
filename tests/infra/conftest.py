"""Fixtures of the infrastructure tests."""

from tests.hooks.hook import arm, hook

__all__ = ["arm", "hook"]
