// Package wardlet is the contract of plugins in the idiom of Go: what a plugin is, and what it says of
// itself. Below it is the module wardlet/bindings, which `wardlet plugin build` makes of wit/world.wit:
// what is not wrapped here is in there, a package for each capability.
package wardlet

import (
	"fmt"

	plugin "wardlet/bindings/wardlet_plugin_plugin"
	types "wardlet/bindings/wardlet_plugin_types"
)

// Words of the contract.
type (
	// Part is a document of a check.
	Part = types.Part
	// Subject is what is judged.
	Subject = types.Subject
	// Verdict is what a policy concludes.
	Verdict = types.Verdict
	// Obligation is a condition on an allowance.
	Obligation = types.Obligation
	// Edit is a span of a leaf that must not pass, in bytes.
	Edit = types.Edit
	// Description is what a plugin says of itself.
	Description = plugin.Description
	// Code is a code for machines, with the sentence that people read instead.
	Code = plugin.Code
	// Need is a place that a plugin reads.
	Need = plugin.Need
)

// The documents of a check.
const (
	Arguments  = types.PartArguments
	Result     = types.PartResult
	Definition = types.PartDefinition
	Settings   = types.PartSettings
)

// Plugin is what every plugin has.
type Plugin interface {
	// Describe gives the declaration, the same at every call.
	Describe() Description
	// Configure checks the settings; any fault refuses the load.
	Configure() []Fault
}

// Fault is what is wrong with a setting, and how to mend it.
type Fault struct {
	// Pointer is the setting's place (RFC 6901).
	Pointer string
	Message string
}

func (f Fault) Error() string {
	return fmt.Sprintf("the setting %s: %s", f.Pointer, f.Message)
}

// Abstain is the verdict of a policy that has nothing to say about a call. It is no allowance.
func Abstain() Verdict {
	return Verdict{Decision: types.MakeDecisionAbstain()}
}

// Allow allows a call.
func Allow() Verdict {
	return Verdict{Decision: types.MakeDecisionAllow()}
}

// Deny refuses a call, for a reason that Describe declares.
func Deny(reason string) Verdict {
	return Verdict{Decision: types.MakeDecisionDeny(reason)}
}

// RequireApproval holds a call until a human agrees, for a reason that Describe declares.
func RequireApproval(reason string) Verdict {
	return Verdict{Decision: types.MakeDecisionRequireApproval(reason)}
}
