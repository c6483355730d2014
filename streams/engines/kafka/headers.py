"""What stands in the headers of a record."""

from collections.abc import Iterable


def header_of(headers: Iterable[tuple[str, bytes]], name: str) -> bytes | None:
    """Give the first header of a name, None where there is none."""
    return next((value for key, value in headers if key == name), None)
