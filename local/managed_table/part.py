"""The generated part of the page, between its markers."""

from typing import Final

BEGIN: Final = "<!-- generated: conformance -->"
END: Final = "<!-- end -->"


class PartError(ValueError):
    """The page has no place for the table; the text says what to add."""


def replaced(text: str, part: str) -> str:
    """The page with another part.

    Raises:
        PartError: when a marker is missing.
    """
    before, begin, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PartError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{begin}{part.strip()}\n{end}{after}"


def written(text: str) -> str:
    """The part as it stands on the page.

    Raises:
        PartError: when a marker is missing.
    """
    _, begin, rest = text.partition(f"{BEGIN}\n")
    part, end, _ = rest.partition(END)
    if not begin or not end:
        raise PartError(f"the page needs the lines {BEGIN} and {END}")
    return part.strip()
