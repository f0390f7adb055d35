package main

import (
	"fmt"

	"local/plugin/internal/wardlet"
	exportPatterns "wardlet/bindings/export_wardlet_plugin_patterns"
	patterns "wardlet/bindings/wardlet_plugin_patterns"
	scan "wardlet/bindings/wardlet_plugin_scan"
)

// orders is the set of patterns that the host searches for on the plugin's behalf (capability `scan`). The
// texts stay where they are; only matches come into the sandbox.
var orders = patterns.PatternSet{
	Name:     "orders",
	Patterns: []patterns.Pattern{{Id: "order-number", Regex: `ORD-[0-9]{6}\b`}},
}

// searcher keeps search where nobody calls it yet: a plugin that declares patterns imports `scan`.
var searcher func(wardlet.Part, uint32) (scan.Batch, error)

func init() {
	exportPatterns.Declare = func() []patterns.PatternSet {
		return []patterns.PatternSet{orders}
	}
	searcher = search
}

// search gives a batch of matches in a part: begin with from = 0 and go on with Next. Call it from Find or
// Evaluate.
func search(part wardlet.Part, from uint32) (scan.Batch, error) {
	batch := scan.Run(orders.Name, part, "", from)
	if batch.IsErr() {
		return scan.Batch{}, fmt.Errorf("the part is not scanned: %d", batch.Err())
	}
	return batch.Ok(), nil
}
