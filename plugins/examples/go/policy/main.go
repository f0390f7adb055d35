// A policy: what a tool sends goes to the domains that the operator names.
package main

import "local/plugin/internal/wardlet"

// For the debug log (capability `log`).
import (
	"strconv"
	log "wardlet/bindings/wardlet_plugin_log"
)

func init() {
	wardlet.ExportPolicy(recipients{})
}

// The host calls what is exported, and never main.
func main() {}

type recipients struct{}

func (recipients) Describe() wardlet.Description {
	return wardlet.Description{
		Name:    "recipients",
		Version: "0.1.0",
		Summary: "Keeps what a tool sends to the domains that the operator names.",
		Reasons: []wardlet.Code{
			{Code: "no-recipient", Sentence: "The call names no recipient."},
			{Code: "unreadable-recipient", Sentence: "A recipient is no plain address of the form `local@domain`."},
			{Code: "foreign-domain", Sentence: "A recipient's domain is not one that is allowed."},
			{Code: "many-recipients", Sentence: "The call has more recipients than may pass without a human."},
		},
		// Which argument it is, the settings say: so the whole of them.
		Needs: []wardlet.Need{{Part: wardlet.Arguments, Pointer: ""}},
	}
}

func (recipients) Configure() []wardlet.Fault {
	return checkSetup()
}

func (recipients) Evaluate(wardlet.Subject) (wardlet.Verdict, error) {
	setup, err := readSetup()
	if err != nil {
		return wardlet.Verdict{}, err
	}
	place := wardlet.Child("", setup.argument)
	value, err := wardlet.Get(wardlet.Arguments, place)
	if err != nil {
		return wardlet.Verdict{}, err
	}
	var places []string
	switch value := value.(type) {
	case nil, wardlet.Null:
	case string:
		places = []string{place}
	case wardlet.Items:
		for i := range int(value) {
			places = append(places, wardlet.Item(place, i))
		}
	default:
		return wardlet.Deny("unreadable-recipient"), nil
	}
	if len(places) == 0 {
		return wardlet.Deny("no-recipient"), nil
	}

	// For whoever reads the debug log (capability `log`).
	count := strconv.Itoa(len(places))
	log.Write(log.LevelDebug, "counted the recipients", []log.Field{{Key: "recipients", Value: count}})

	for _, place := range places {
		recipient, err := wardlet.Get(wardlet.Arguments, place)
		if err != nil {
			return wardlet.Verdict{}, err
		}
		address, _ := recipient.(string)
		domain, ok := domainOf(address)
		if !ok {
			return wardlet.Deny("unreadable-recipient"), nil
		}
		if !setup.allows(domain) {
			return wardlet.Deny("foreign-domain"), nil
		}
	}
	if setup.askAbove > 0 && len(places) > setup.askAbove {
		return wardlet.RequireApproval("many-recipients"), nil
	}
	return wardlet.Allow(), nil
}
