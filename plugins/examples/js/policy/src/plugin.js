// A policy: what a tool sends goes to the domains that the operator names.

import { get } from "wardlet:plugin/document@0.1.0";
import { write } from "wardlet:plugin/log@0.1.0"; // capability `log`

import { domainOf } from "./address.js";
import { child, item, textAt } from "./document.js";
import { checkSetup, readSetup } from "./setup.js";

/** The plugin's name. */
const NAME = "recipients";

/** Why a call may be refused or held: codes for machines, and the sentences that people read. */
const REASONS = {
  "no-recipient": "The call names no recipient.",
  "unreadable-recipient": "A recipient is no plain address of the form `local@domain`.",
  "foreign-domain": "A recipient's domain is not one that is allowed.",
  "many-recipients": "The call has more recipients than may pass without a human.",
};

/** @type {import("wardlet:plugin/plugin@0.1.0").Plugin} */
export const plugin = {
  describe: () => ({
    name: NAME,
    version: "0.1.0",
    summary: "Keeps what a tool sends to the domains that the operator names.",
    reasons: Object.entries(REASONS).map(([code, sentence]) => ({ code, sentence })),
    entities: [],
    // Which argument it is, the settings say: so the whole of them.
    needs: [{ part: "arguments", pointer: "" }],
  }),
  configure: checkSetup,
};

/** @type {import("wardlet:plugin/policy@0.1.0").Policy} */
export const policy = {
  evaluate: () => ({ decision: judge(), obligations: [] }),
};

/** @returns {import("wardlet:plugin/types@0.1.0").Decision} */
function judge() {
  const setup = readSetup();
  const places = recipients(child("", setup.argument));
  if (places === undefined) return deny("unreadable-recipient");
  if (places.length === 0) return deny("no-recipient");

  // For whoever reads the debug log (capability `log`).
  const count = String(places.length);
  write("debug", "counted the recipients", [{ key: "recipients", value: count }]);

  for (const place of places) {
    const domain = domainOf(textAt("arguments", place) ?? "");
    if (domain === undefined) return deny("unreadable-recipient");
    if (!setup.allows(domain)) return deny("foreign-domain");
  }
  if (places.length > setup.askAbove) return { tag: "require-approval", val: "many-recipients" };
  return { tag: "allow" };
}

/**
 * Where the recipients stand; undefined where the argument is neither a text nor a list.
 * @param {string} pointer
 */
function recipients(pointer) {
  const found = get("arguments", pointer);
  if (found === null || found.tag === "null") return [];
  if (found.tag === "text") return [pointer];
  if (found.tag !== "items") return undefined;
  return Array.from({ length: found.val }, (_, index) => item(pointer, index));
}

/**
 * @param {keyof typeof REASONS} code
 * @returns {import("wardlet:plugin/types@0.1.0").Decision}
 */
function deny(code) {
  return { tag: "deny", val: code };
}
