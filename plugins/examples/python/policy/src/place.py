"""Places in the host's documents, by JSON pointers (RFC 6901)."""

from collections.abc import Iterator

from wit_world.imports import document
from wit_world.imports.types import Part


def child(pointer: str, name: str) -> str:
    """The pointer of an object's member: `~` and `/` in a name are escaped."""
    return f"{pointer}/" + name.replace("~", "~0").replace("/", "~1")


def item(pointer: str, index: int) -> str:
    """The pointer of a list's item."""
    return f"{pointer}/{index}"


def text_at(part: Part, pointer: str) -> str | None:
    """The text at a pointer; none where no text stands there."""
    match document.get(part, pointer):
        case document.Value_Text(text):
            return text
        case _:
            return None


def members(part: Part, pointer: str) -> Iterator[str]:
    """The names of an object's members, which the host gives some at a time."""
    seen = 0
    while names := document.names(part, pointer, seen):
        yield from names
        seen += len(names)
