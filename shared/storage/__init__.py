"""Azure Storage at the edge of the application."""
