// Package export_wardlet_plugin_patterns is where a plugin puts the patterns that the host scans for.
package export_wardlet_plugin_patterns

import "wardlet/bindings/wardlet_plugin_patterns"

// Declare gives the sets of patterns.
var Declare func() []wardlet_plugin_patterns.PatternSet
