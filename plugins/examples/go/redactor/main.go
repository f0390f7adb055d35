// A redactor: the numbers of employees, `EMP-` and six digits.
package main

import "local/plugin/internal/wardlet"

// For the debug log (capability `log`).
import (
	"strconv"
	log "wardlet/bindings/wardlet_plugin_log"
)

func init() {
	wardlet.ExportRedactor(employeeNumbers{})
}

// The host calls what is exported, and never main.
func main() {}

// entity is what is found.
const entity = "employee-number"

type employeeNumbers struct{}

func (employeeNumbers) Describe() wardlet.Description {
	return wardlet.Description{
		Name:     "employee-numbers",
		Version:  "0.1.0",
		Summary:  "Keeps the numbers of employees from passing.",
		Entities: []wardlet.Code{{Code: entity, Sentence: "The number of an employee."}},
	}
}

// Configure takes no settings: one that is given is misspelt.
func (employeeNumbers) Configure() []wardlet.Fault {
	names, err := wardlet.Names(wardlet.Settings, "")
	if err != nil {
		return []wardlet.Fault{{Message: err.Error()}}
	}
	var faults []wardlet.Fault
	for _, name := range names {
		faults = append(faults, wardlet.Fault{
			Pointer: wardlet.Child("", name),
			Message: "no such setting; there are none",
		})
	}
	return faults
}

func (employeeNumbers) Find(_ wardlet.Subject, part wardlet.Part) ([]wardlet.Edit, error) {
	var edits []wardlet.Edit
	for leaf, err := range wardlet.Strings(part, "") {
		if err != nil {
			return nil, err
		}
		for start, end := range numbers(leaf.Text) {
			edits = append(edits, wardlet.Edit{
				Leaf:   leaf.Id,
				Start:  uint32(start),
				End:    uint32(end),
				Entity: entity,
				// In percent: the form says it all.
				Confidence: 100,
			})
		}
	}

	// For whoever reads the debug log (capability `log`).
	count := strconv.Itoa(len(edits))
	log.Write(log.LevelDebug, "looked for employee numbers", []log.Field{{Key: "found", Value: count}})

	return edits, nil
}
