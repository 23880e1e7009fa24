"""A local Kusto: streaming and queued ingestion, management commands and queries over HTTP."""
