"""Webhooks: who sent it (schemes), and what is kept of it (events)."""
