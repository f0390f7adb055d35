// Package export_wardlet_plugin_redactor is where a redactor puts its search.
package export_wardlet_plugin_redactor

import (
	witTypes "wardlet/bindings/wit/types"

	"wardlet/bindings/wardlet_plugin_types"
)

// Find finds what must not pass.
var Find func(wardlet_plugin_types.Subject, wardlet_plugin_types.Part) witTypes.Result[[]wardlet_plugin_types.Edit, string]
