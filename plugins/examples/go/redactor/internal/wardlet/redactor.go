package wardlet

import (
	exportRedactor "wardlet/bindings/export_wardlet_plugin_redactor"
	types "wardlet/bindings/wit/types"
)

// Redactor finds what must not pass.
type Redactor interface {
	Plugin
	// Find looks through a part. An error says that the plugin failed: the answer is withheld.
	Find(Subject, Part) ([]Edit, error)
}

// ExportRedactor makes a redactor the one that the host asks. It is for an init function.
func ExportRedactor(r Redactor) {
	export(r)
	exportRedactor.Find = func(subject Subject, part Part) types.Result[[]Edit, string] {
		edits, err := r.Find(subject, part)
		if err != nil {
			return types.Err[[]Edit](err.Error())
		}
		return types.Ok[[]Edit, string](edits)
	}
}
