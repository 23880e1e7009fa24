"""What an operator asks for: readiness, what became of a piece of work, dead letters."""
