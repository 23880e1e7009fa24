"""Fixtures of the infrastructure tests."""

from tests.infra_hook import arm, hook

__all__ = ["arm", "hook"]
