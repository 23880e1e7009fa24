"""Fixtures of the infrastructure tests."""

from tests.infra.hook.run import arm, hook

__all__ = ["arm", "hook"]
