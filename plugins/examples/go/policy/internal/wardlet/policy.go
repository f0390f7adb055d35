package wardlet

import (
	exportPolicy "wardlet/bindings/export_wardlet_plugin_policy"
	types "wardlet/bindings/wit/types"
)

// Policy judges calls.
type Policy interface {
	Plugin
	// Evaluate judges one. An error says that the plugin failed: the call is denied.
	Evaluate(Subject) (Verdict, error)
}

// ExportPolicy makes a policy the one that the host asks. It is for an init function.
func ExportPolicy(p Policy) {
	export(p)
	exportPolicy.Evaluate = func(subject Subject) types.Result[Verdict, string] {
		verdict, err := p.Evaluate(subject)
		if err != nil {
			return types.Err[Verdict](err.Error())
		}
		return types.Ok[Verdict, string](verdict)
	}
}
