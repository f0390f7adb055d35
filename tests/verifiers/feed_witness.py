"""Has a witness cosign checkpoints with the client of aics-witness.

Reads a JSON object from standard input: the witness's address and key, and the checkpoints in their order, each
with the size that it begins at and the proof. Writes the list of what came of each: "cosigned", or the name of
the refusal.
"""

import base64
import json
import sys

from aics_witness import FeederError, WitnessRejected, submit_checkpoint

asked = json.load(sys.stdin)
said = []
for step in asked["steps"]:
    proof = [base64.b64decode(hash) for hash in step["proof"]]
    try:
        # It checks the cosignature before it gives it back.
        submit_checkpoint(asked["url"], step["note"], (step["old"], proof), witness_vkey=asked["witness"])
        said.append("cosigned")
    except WitnessRejected as error:
        said.append(f"{error.status}")
    except FeederError as error:
        said.append(type(error).__name__)
json.dump(said, sys.stdout)
