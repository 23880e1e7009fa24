"""The stages in their order: requests, blob events, and what waits for another try."""
