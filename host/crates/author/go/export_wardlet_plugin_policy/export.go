// Package export_wardlet_plugin_policy is where a policy puts its judgement.
package export_wardlet_plugin_policy

import (
	witTypes "wardlet/bindings/wit/types"

	"wardlet/bindings/wardlet_plugin_types"
)

// Evaluate judges a call.
var Evaluate func(wardlet_plugin_types.Subject) witTypes.Result[wardlet_plugin_types.Verdict, string]
