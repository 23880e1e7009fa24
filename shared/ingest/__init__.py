"""Managed ingestion: stream small records, fall back to queued ingestion, never say yes to what is not held."""
