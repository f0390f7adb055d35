// Checks a call's token with npm's `jose`. usage: token.mjs JWKS-FILE AUDIENCE, with the line that the upstream received
// on standard input. Prints the claims. Run with the folder that holds node_modules as the working directory.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { createLocalJWKSet, jwtVerify } = await import(
  pathToFileURL(`${process.cwd()}/node_modules/jose/dist/webapi/index.js`)
);
const [jwksFile, audience] = process.argv.slice(2);
const token = JSON.parse(readFileSync(0, "utf8")).params._meta["dev.wardlet/token"];
const keys = createLocalJWKSet(JSON.parse(readFileSync(jwksFile, "utf8")));
const { payload } = await jwtVerify(token, keys, {
  algorithms: ["ES256"],
  audience,
  requiredClaims: ["exp", "iat", "nbf", "iss", "sub", "jti"],
  typ: "at+jwt",
});
console.log(JSON.stringify(payload));
