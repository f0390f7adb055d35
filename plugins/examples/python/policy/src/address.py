"""Addresses of mail."""

import re

PLAIN = re.compile(r"[!-~]+")
"""Printable ASCII, without the space."""


def domain_of(address: str) -> str | None:
    """The domain of an address of the form `local@domain`; none for any other text.

    What two readers could take apart differently is no address here.
    """
    if not PLAIN.fullmatch(address) or "," in address or address.count("@") != 1:
        return None
    local, _, domain = address.partition("@")
    return domain if local and domain else None
