"""A policy: what a tool sends goes to the domains that the operator names."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.plugin import Code, Description, Need
from wit_world.imports import (
    document,
    log,  # capability `log`
)
from wit_world.imports.types import (
    Decision,
    Decision_Allow,
    Decision_Deny,
    Decision_RequireApproval,
    Part,
    Subject,
    Verdict,
)

from address import domain_of
from place import child, item, text_at
from setup import BadSetting, Setup, faults

NAME = "recipients"
"""The plugin's name."""

REASONS = {
    "no-recipient": "The call names no recipient.",
    "unreadable-recipient": (
        "A recipient is no plain address of the form `local@domain`."
    ),
    "foreign-domain": "A recipient's domain is not one that is allowed.",
    "many-recipients": "The call has more recipients than may pass without a human.",
}
"""Why a call may be refused or held: codes for machines, sentences for people."""


class Plugin(exports.Plugin):
    def describe(self) -> Description:
        return Description(
            name=NAME,
            version="0.1.0",
            summary="Keeps what a tool sends to the domains that the operator names.",
            reasons=[Code(code, sentence) for code, sentence in REASONS.items()],
            entities=[],
            # Which argument it is, the settings say: so the whole of them.
            needs=[Need(Part.ARGUMENTS, "")],
        )

    def configure(self) -> None:
        if wrong := faults():
            raise Err(wrong)


class Policy(exports.Policy):
    def evaluate(self, subject: Subject) -> Verdict:
        try:
            return Verdict(judge(Setup.read()), obligations=[])
        except BadSetting as bad:
            raise Err(str(bad)) from None
        except Err as refusal:
            raise Err(f"the host does not show a place: {refusal.value.name}") from None


def judge(setup: Setup) -> Decision:
    places = recipients(child("", setup.argument))
    if places is None:
        return Decision_Deny("unreadable-recipient")
    if not places:
        return Decision_Deny("no-recipient")

    # For whoever reads the debug log (capability `log`).
    fields = [log.Field("recipients", str(len(places)))]
    log.write(log.Level.DEBUG, "counted the recipients", fields)

    for place in places:
        recipient = text_at(Part.ARGUMENTS, place)
        domain = None if recipient is None else domain_of(recipient)
        if domain is None:
            return Decision_Deny("unreadable-recipient")
        if not setup.allows(domain):
            return Decision_Deny("foreign-domain")
    if setup.ask_above is not None and len(places) > setup.ask_above:
        return Decision_RequireApproval("many-recipients")
    return Decision_Allow()


def recipients(pointer: str) -> list[str] | None:
    """Where the recipients stand; none where they are neither a text nor a list."""
    match document.get(Part.ARGUMENTS, pointer):
        case None | document.Value_Null():
            return []
        case document.Value_Text():
            return [pointer]
        case document.Value_Items(count):
            return [item(pointer, index) for index in range(count)]
        case _:
            return None
