"""What the application tells of itself: metrics, spans, and where they go. Names and numbers, never content."""
