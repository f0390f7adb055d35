// A redactor: the numbers of employees, `EMP-` and six digits.

import { names, strings } from "wardlet:plugin/document@0.1.0";
import { write } from "wardlet:plugin/log@0.1.0"; // capability `log`

import { numbers } from "./numbers.js";

/** The plugin's name. */
const NAME = "employee-numbers";

/** What is found. */
const ENTITY = "employee-number";

/** How sure it is of a find, in percent: the form says it all. */
const CONFIDENCE = 100;

/** @type {import("wardlet:plugin/plugin@0.1.0").Plugin} */
export const plugin = {
  describe: () => ({
    name: NAME,
    version: "0.1.0",
    summary: "Keeps the numbers of employees from passing.",
    reasons: [],
    entities: [{ code: ENTITY, sentence: "The number of an employee." }],
    needs: [],
  }),

  /** There are no settings: one that is given is misspelt. */
  configure() {
    const faults = names("settings", "", 0).map((name) => ({
      // `~` and `/` in a name are escaped (RFC 6901, section 3).
      pointer: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      message: "no such setting; there are none",
    }));
    if (faults.length > 0) throw faults;
  },
};

/** @type {import("wardlet:plugin/redactor@0.1.0").Redactor} */
export const redactor = {
  find(_subject, part) {
    const edits = [];
    for (const leaf of leaves(part)) {
      for (const span of numbers(leaf.text)) {
        edits.push({ leaf: leaf.id, ...span, entity: ENTITY, confidence: CONFIDENCE });
      }
    }

    // For whoever reads the debug log (capability `log`).
    const count = String(edits.length);
    write("debug", "looked for employee numbers", [{ key: "found", value: count }]);

    return edits;
  },
};

/**
 * The texts of a part, which the host gives some at a time.
 * @param {import("wardlet:plugin/types@0.1.0").Part} part
 */
function* leaves(part) {
  /** @type {number | null} */
  let from = 0;
  while (from !== null) {
    const batch = strings(part, "", from);
    yield* batch.leaves;
    from = batch.next;
  }
}
