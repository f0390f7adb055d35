// `one-path` in JavaScript; its rules stand in the README of the folder above.
import { get, names } from "wardlet:plugin/document@0.1.0";

const REASONS = {
  unexpected: "There is more than a path and a count.",
  "no-path": "There is no path.",
  outside: "The path leads outside.",
  secret: "The path is that of the secret.",
  "too-many": "The count is over 100, or no plain number.",
};

const setting = (pointer) => {
  const value = get("settings", pointer);
  if (value?.tag !== "text") throw new Error(`no setting ${pointer}`);
  return value.val;
};

// The code of a refusal; undefined where the call may pass.
const judged = () => {
  const root = setting("/root");
  const secret = setting("/secret");
  if (get("arguments", "")?.tag !== "members") return "unexpected";
  const expected = (name) => name === "path" || name === "count";
  if (!names("arguments", "", 0).every(expected)) return "unexpected";
  const path = get("arguments", "/path");
  if (path?.tag !== "text") return "no-path";
  if (!path.val.startsWith(root) || path.val.includes("..")) return "outside";
  if (path.val === secret) return "secret";
  const count = get("arguments", "/count");
  if (count == null) return undefined;
  const few = count.tag === "number" && /^[0-9]{1,3}$/.test(count.val) && Number(count.val) <= 100;
  return few ? undefined : "too-many";
};

export const plugin = {
  describe: () => ({
    name: "one-path",
    version: "1.0.0",
    summary: "Keeps one path inside of one root.",
    reasons: Object.entries(REASONS).map(([code, sentence]) => ({ code, sentence })),
    entities: [],
    needs: [{ part: "arguments", pointer: "" }],
  }),
  configure() {},
};

export const policy = {
  evaluate() {
    const code = judged();
    const decision = code === undefined ? { tag: "allow" } : { tag: "deny", val: code };
    return { decision, obligations: [] };
  },
};
