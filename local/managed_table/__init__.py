"""The conformance table of managed ingestion: what it does under faults, beside what the official client does."""
