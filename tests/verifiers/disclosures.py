"""Opens commitments with the verifier of sd-jwt.

Reads a list of objects from standard input: the digests that a token of ours would hold, and the disclosures that
come with it. Each goes into a token signed by a new key. Writes the list of what the verifier takes out of each:
null for one that it refuses.
"""

import json
import sys

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from sd_jwt.verifier import SDJWTVerifier


def opened(case):
    key = JWK.generate(kty="EC", crv="P-256")
    token = JWS(json.dumps({"_sd": case["digests"], "_sd_alg": "sha-256"}))
    token.add_signature(key, protected=json.dumps({"alg": "ES256"}))
    presented = "~".join([token.serialize(compact=True), *case["disclosures"], ""])
    try:
        return SDJWTVerifier(presented, lambda issuer, header: key).get_verified_payload()
    except ValueError:
        return None


json.dump([opened(case) for case in json.load(sys.stdin)], sys.stdout)
