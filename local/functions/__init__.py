"""A local Azure Functions host on the real Python worker: ``python -m local.functions --help``."""
