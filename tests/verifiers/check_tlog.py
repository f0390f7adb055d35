"""Checks notes, checkpoints, cosignatures, proofs and whole logs with aics-tlog, and signs with it.

Reads one JSON object from standard input and writes another: for each list, a list of answers.
"""

import base64
import json
import sys

import aics_tlog as tlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def note(case):
    keys = [tlog.parse_vkey(key) for key in case["keys"]]
    return tlog.verify_note(tlog.parse_note(case["note"]), keys)


def checkpoint(case):
    key = tlog.parse_vkey(case["keys"][0])
    parsed = tlog.parse_note(case["note"])
    return tlog.verify_checkpoint(parsed, key, expected_origin=key.name).ok


def cosignature(case):
    key = tlog.parse_vkey(case["keys"][0])
    witness = tlog.parse_vkey(case["witness"])
    parsed = tlog.parse_note(case["note"])
    found = tlog.verify_checkpoint(parsed, key, [witness], 1)
    return found.ok and found.timestamps[witness.name] == case["time"]


def inclusion(case):
    entry = case["entry"].encode()
    proof = [base64.b64decode(hash) for hash in case["proof"]]
    root = base64.b64decode(case["root"])
    return tlog.verify_leaf_inclusion(entry, case["index"], case["size"], proof, root)


def consistency(case):
    proof = [base64.b64decode(hash) for hash in case["proof"]]
    roots = [base64.b64decode(case[head]["root"]) for head in ("old", "new")]
    return tlog.verify_consistency(case["old"]["size"], case["new"]["size"], *roots, proof)


def tree(case):
    """A folder of tiles and entry bundles with its checkpoint: every one of them is checked."""
    key = tlog.parse_vkey(case["keys"][0])
    with open(f"{case['folder']}/checkpoint", "rb") as file:
        parsed = tlog.parse_note(file.read())
    if not tlog.verify_checkpoint(parsed, key, expected_origin=key.name).ok:
        return False
    head = tlog.parse_checkpoint(parsed.text)
    tlog.audit_tiles(tlog.FileSystemTileReader(case["folder"]), head.size, head.root)
    return True


def sign(case):
    private = Ed25519PrivateKey.generate()
    root = base64.b64decode(case["root"])
    head = tlog.Checkpoint(case["origin"], case["size"], root)
    signed = tlog.sign_checkpoint(head, private, case["origin"])
    witness = Ed25519PrivateKey.generate()
    _, line = tlog.sign_cosignature(
        witness, case["witness"], case["time"], case["origin"], case["size"], root
    )
    both = tlog.Note(text=signed.text, signatures=(*signed.signatures, line))
    log_key = tlog.vkey_from_ed25519(case["origin"], private.public_key())
    witness_key = tlog.cosignature_vkey(case["witness"], witness.public_key())
    return {
        "key": tlog.format_vkey(log_key),
        "witness": tlog.format_vkey(witness_key),
        "note": both.serialise(),
    }


def answer(check, case):
    try:
        return check(case)
    except (ValueError, OSError):
        return False


CHECKS = [note, checkpoint, cosignature, inclusion, consistency, tree, sign]

asked = json.load(sys.stdin)
known = {check.__name__: check for check in CHECKS}
json.dump({name: [answer(known[name], case) for case in cases] for name, cases in asked.items()}, sys.stdout)
