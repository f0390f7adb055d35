"""`one-path` in Python; its rules stand in the README of the folder above."""

import re

from wit_world import exports
from wit_world.exports.plugin import Code, Description, Need
from wit_world.imports import document, types

REASONS = {
    "unexpected": "There is more than a path and a count.",
    "no-path": "There is no path.",
    "outside": "The path leads outside.",
    "secret": "The path is that of the secret.",
    "too-many": "The count is over 100, or no plain number.",
}


def setting(pointer):
    value = document.get(types.Part.SETTINGS, pointer)
    assert isinstance(value, document.Value_Text), f"no setting {pointer}"
    return value.value


def judged():
    """The code of a refusal; none where the call may pass."""
    arguments = types.Part.ARGUMENTS
    root, secret = setting("/root"), setting("/secret")
    if not isinstance(document.get(arguments, ""), document.Value_Members):
        return "unexpected"
    if any(name not in ("path", "count") for name in document.names(arguments, "", 0)):
        return "unexpected"
    path = document.get(arguments, "/path")
    if not isinstance(path, document.Value_Text):
        return "no-path"
    if not path.value.startswith(root) or ".." in path.value:
        return "outside"
    if path.value == secret:
        return "secret"
    count = document.get(arguments, "/count")
    if count is None:
        return None
    few = isinstance(count, document.Value_Number) and re.fullmatch("[0-9]{1,3}", count.value)
    return None if few and int(count.value) <= 100 else "too-many"


class Plugin(exports.Plugin):
    def describe(self):
        return Description(
            name="one-path",
            version="1.0.0",
            summary="Keeps one path inside of one root.",
            reasons=[Code(code, sentence) for code, sentence in REASONS.items()],
            entities=[],
            needs=[Need(types.Part.ARGUMENTS, "")],
        )

    def configure(self):
        pass


class Policy(exports.Policy):
    def evaluate(self, subject):
        code = judged()
        decision = types.Decision_Deny(code) if code else types.Decision_Allow()
        return types.Verdict(decision, [])
