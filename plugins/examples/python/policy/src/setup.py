"""The settings."""

import re
from dataclasses import dataclass

from wit_world.exports.plugin import SettingFault
from wit_world.imports import document
from wit_world.imports.types import Part

from place import child, item, members, text_at

ARGUMENT = "to"
"""The argument that holds recipients, unless the operator names another."""

SETTINGS = ("domains", "argument", "ask_above")
"""The names of all settings."""


class BadSetting(Exception):
    """A setting that is not as it should be: where it stands, and how to mend it."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.fault = SettingFault(pointer, message)


@dataclass(frozen=True)
class Setup:
    """Who may be sent to."""

    domains: frozenset[bytes]
    """In small letters."""
    argument: str
    """The argument that holds the recipients."""
    ask_above: int | None
    """More recipients than this wait for a human."""

    @classmethod
    def read(cls) -> "Setup":
        """Reads the settings, stopping at the first fault."""
        domains = frozenset(map(folded, read_domains()))
        return cls(domains, read_argument(), read_ask_above())

    def allows(self, domain: str) -> bool:
        """Whether a domain is one of those that are named: one below is another."""
        return folded(domain) in self.domains


def faults() -> list[SettingFault]:
    """What is wrong with the settings: one that is misspelt is not passed over."""
    message = f"no such setting; known are: {', '.join(SETTINGS)}"
    unknown = [name for name in members(Part.SETTINGS, "") if name not in SETTINGS]
    if unknown:
        return [SettingFault(child("", name), message) for name in unknown]
    try:
        Setup.read()
    except BadSetting as bad:
        return [bad.fault]
    return []


def read_domains() -> list[str]:
    match document.get(Part.SETTINGS, "/domains"):
        case document.Value_Items(count) if count > 0:
            return [required_text(item("/domains", index)) for index in range(count)]
        case _:
            message = 'name at least one domain, for example ["example.com"]'
            raise BadSetting("/domains", message)


def read_argument() -> str:
    if document.get(Part.SETTINGS, "/argument") is None:
        return ARGUMENT
    return required_text("/argument")


def read_ask_above() -> int | None:
    match document.get(Part.SETTINGS, "/ask_above"):
        case None:
            return None
        # A number is the literal as the operator wrote it.
        case document.Value_Number(most) if re.fullmatch("[1-9][0-9]*", most):
            return int(most)
        case _:
            raise BadSetting("/ask_above", "give a whole number from 1 on")


def required_text(pointer: str) -> str:
    text = text_at(Part.SETTINGS, pointer)
    if text is None:
        raise BadSetting(pointer, "give a text here")
    return text


def folded(domain: str) -> bytes:
    """A domain without the case of ASCII letters: `bytes.lower` leaves all others."""
    return domain.encode().lower()
