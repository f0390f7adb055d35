"""A redactor: the numbers of employees, `EMP-` and six digits."""

import re
from collections.abc import Iterator

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.plugin import Code, Description, SettingFault
from wit_world.imports import (
    document,
    log,  # capability `log`
)
from wit_world.imports.types import Edit, Part, Subject

NAME = "employee-numbers"
"""The plugin's name."""

ENTITY = "employee-number"
"""What is found."""

CONFIDENCE = 100
"""How sure it is of a find, in percent: the form says it all."""

NUMBER = re.compile(rb"(?<![A-Za-z0-9])EMP-[0-9]{6}(?![A-Za-z0-9])")
"""A number, not between letters or digits: it would be part of another name."""


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description(
            name=NAME,
            version="0.1.0",
            summary="Keeps the numbers of employees from passing.",
            reasons=[],
            entities=[Code(ENTITY, "The number of an employee.")],
            needs=[],
        )

    def configure(self) -> None:
        """There are no settings: one that is given is misspelt."""
        # `~` and `/` in a name are escaped (RFC 6901, section 3).
        faults = [
            SettingFault(
                pointer="/" + name.replace("~", "~0").replace("/", "~1"),
                message="no such setting; there are none",
            )
            for name in document.names(Part.SETTINGS, "", 0)
        ]
        if faults:
            raise Err(faults)


class Redactor(exports.Redactor):
    def find(self, subject: Subject, part: Part) -> list[Edit]:
        # The host counts bytes of UTF-8, so they are what is searched.
        edits = [
            Edit(leaf.id, *number.span(), entity=ENTITY, confidence=CONFIDENCE)
            for leaf in leaves(part)
            for number in NUMBER.finditer(leaf.text.encode())
        ]

        # For whoever reads the debug log (capability `log`).
        fields = [log.Field("found", str(len(edits)))]
        log.write(log.Level.DEBUG, "looked for employee numbers", fields)

        return edits


def leaves(part: Part) -> Iterator[document.Leaf]:
    """The texts of a part, which the host gives some at a time."""
    start: int | None = 0
    while start is not None:
        try:
            batch = document.strings(part, "", start)
        except Err as refusal:
            raise Err(f"the host shows no such part: {refusal.value.name}") from None
        yield from batch.leaves
        start = batch.next
