

class Patterns(exports.Patterns):
    """Patterns that the host searches for on the plugin's behalf (capability `scan`).

    The texts stay where they are, and only matches come into the sandbox. Import `scan` of
    `wit_world.imports` and call `scan.run` for that; begin with 0 and go on with `next`.
    """

    def declare(self) -> list[exports.patterns.PatternSet]:
        order = exports.patterns.Pattern("order-number", r"ORD-[0-9]{6}\b")
        return [exports.patterns.PatternSet("orders", [order])]
