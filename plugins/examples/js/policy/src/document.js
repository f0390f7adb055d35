// What the host shows of a call, place by place.

import { get, names } from "wardlet:plugin/document@0.1.0";

/** @typedef {import("wardlet:plugin/types@0.1.0").Part} Part */

/**
 * The text at a pointer; undefined where none stands there.
 * @param {Part} part
 * @param {string} pointer
 */
export function textAt(part, pointer) {
  const found = get(part, pointer);
  return found?.tag === "text" ? found.val : undefined;
}

/**
 * The names of an object's members, which the host gives some at a time.
 * @param {Part} part
 * @param {string} pointer
 */
export function* members(part, pointer) {
  let seen = 0;
  for (;;) {
    const some = names(part, pointer, seen);
    if (some.length === 0) return;
    yield* some;
    seen += some.length;
  }
}

/**
 * The pointer of an object's member: `~` and `/` in a name are escaped (RFC 6901, section 3).
 * @param {string} pointer
 * @param {string} name
 */
export function child(pointer, name) {
  return `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * The pointer of a list's item.
 * @param {string} pointer
 * @param {number} index
 */
export function item(pointer, index) {
  return `${pointer}/${index}`;
}
