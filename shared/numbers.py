"""Whole numbers out of headers and metadata: written by others, so bounded before they are converted. Pure."""

#: Digits beyond which no size in bytes, no time and no delay makes sense.
_LONGEST = 18


def whole_number(text: str) -> int | None:
    """The number that ASCII digits spell, or None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
