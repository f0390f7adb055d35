
/**
 * Patterns that the host searches for on the plugin's behalf (capability `scan`): the texts stay where
 * they are, and only matches come into the sandbox. Import `run` of `wardlet:plugin/scan@0.1.0` for
 * that; begin with `from` 0 and go on with `next`.
 * @type {import("wardlet:plugin/patterns@0.1.0").Patterns}
 */
export const patterns = {
  declare: () => [
    { name: "orders", patterns: [{ id: "order-number", regex: "ORD-[0-9]{6}\\b" }] },
  ],
};
