"""Checks a call's token with what others wrote: PyJWT for the signature and the claims, rfc8785 for the digest.

usage: token.py JWKS-FILE AUDIENCE, with the line that the upstream received on standard input. Prints the claims.
"""

import base64
import hashlib
import json
import sys

import jwt
import rfc8785


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main(jwks_file: str, audience: str, line: str) -> None:
    params = json.loads(line)["params"]
    token = params["_meta"]["dev.wardlet/token"]
    with open(jwks_file, encoding="utf-8") as file:
        keys = jwt.PyJWKSet.from_dict(json.load(file))
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "ES256" and header["typ"] == "at+jwt", header
    claims = jwt.decode(
        token,
        keys[header["kid"]].key,
        algorithms=["ES256"],
        audience=audience,
        options={"require": ["exp", "iat", "nbf", "aud", "iss", "sub", "jti"], "strict_aud": True},
    )
    bound = claims["authorization_details"][0]["args"]
    assert bound["canon"] == "jcs" and bound["alg"] == "sha-256", bound
    # The commitment of an SD-JWT disclosure: base64url(SHA-256(base64url(["salt","arguments",value]))).
    value = rfc8785.dumps(params["arguments"]).decode()
    disclosure = f'["{bound["salt"]}","arguments",{value}]'.encode()
    encoded = base64.urlsafe_b64encode(disclosure).rstrip(b"=")
    assert decode(bound["digest"]) == hashlib.sha256(encoded).digest(), "the digest is of other arguments"
    print(json.dumps(claims))


main(sys.argv[1], sys.argv[2], sys.stdin.read())
