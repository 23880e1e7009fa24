"""What may be ingested and where it goes: the route file and its table. Pure."""
