"""Brings JSON texts into canonical form with rfc8785.

Reads a list of texts from standard input and writes the list of their forms: null for one that is refused.
"""

import json
import sys

import rfc8785


def form(text):
    try:
        return rfc8785.dumps(json.loads(text)).decode()
    except ValueError:
        return None


json.dump([form(text) for text in json.load(sys.stdin)], sys.stdout)
