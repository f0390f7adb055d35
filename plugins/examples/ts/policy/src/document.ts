// What the host shows of a call, place by place.

import { get, names } from "wardlet:plugin/document@0.1.0";
import type { Part } from "wardlet:plugin/types@0.1.0";

/** The text at a pointer; undefined where none stands there. */
export function textAt(part: Part, pointer: string): string | undefined {
  const found = get(part, pointer);
  return found?.tag === "text" ? found.val : undefined;
}

/** The names of an object's members, which the host gives some at a time. */
export function* members(part: Part, pointer: string): Generator<string> {
  let seen = 0;
  for (;;) {
    const some = names(part, pointer, seen);
    if (some.length === 0) return;
    yield* some;
    seen += some.length;
  }
}

/** The pointer of an object's member: `~` and `/` in a name are escaped (RFC 6901, section 3). */
export function child(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The pointer of a list's item. */
export function item(pointer: string, index: number): string {
  return `${pointer}/${index}`;
}
