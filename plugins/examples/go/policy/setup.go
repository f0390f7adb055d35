package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"local/plugin/internal/wardlet"
)

// settings are the names of all of them.
var settings = []string{"domains", "argument", "ask_above"}

// setup says who may be sent to.
type setup struct {
	domains []string
	// argument holds the recipients.
	argument string
	// askAbove is how many recipients pass without a human; 0 for all.
	askAbove int
}

// checkSetup checks every setting: one that is misspelt is not passed over.
func checkSetup() []wardlet.Fault {
	names, err := wardlet.Names(wardlet.Settings, "")
	if err != nil {
		return []wardlet.Fault{{Message: err.Error()}}
	}
	var faults []wardlet.Fault
	for _, name := range names {
		if !slices.Contains(settings, name) {
			faults = append(faults, wardlet.Fault{
				Pointer: wardlet.Child("", name),
				Message: "no such setting; known are: " + strings.Join(settings, ", "),
			})
		}
	}
	if len(faults) > 0 {
		return faults
	}
	if _, err := readSetup(); err != nil {
		var fault wardlet.Fault
		if !errors.As(err, &fault) {
			fault = wardlet.Fault{Message: err.Error()}
		}
		return []wardlet.Fault{fault}
	}
	return nil
}

// readSetup reads the settings, up to the first fault.
func readSetup() (setup, error) {
	domains, err := readDomains()
	if err != nil {
		return setup{}, err
	}
	argument, found, err := readText("/argument")
	if err != nil {
		return setup{}, err
	}
	if !found {
		argument = "to"
	}
	askAbove, err := readAskAbove()
	return setup{domains, argument, askAbove}, err
}

// allows says whether a domain is one of those that are named. A domain below one of them is another.
func (s setup) allows(domain string) bool {
	return slices.ContainsFunc(s.domains, func(allowed string) bool {
		return lower(allowed) == lower(domain)
	})
}

// lower makes the letters of ASCII small, and no others: strings.ToLower makes a Kelvin sign a k.
func lower(text string) string {
	bytes := []byte(text)
	for i, b := range bytes {
		if 'A' <= b && b <= 'Z' {
			bytes[i] = b - 'A' + 'a'
		}
	}
	return string(bytes)
}

func readDomains() ([]string, error) {
	const place = "/domains"
	value, err := wardlet.Get(wardlet.Settings, place)
	if err != nil {
		return nil, err
	}
	count, _ := value.(wardlet.Items)
	if count == 0 {
		return nil, wardlet.Fault{Pointer: place, Message: `name at least one domain, for example ["example.com"]`}
	}
	domains := make([]string, count)
	for i := range domains {
		domain, _, err := readText(wardlet.Item(place, i))
		if err != nil {
			return nil, err
		}
		domains[i] = domain
	}
	return domains, nil
}

func readAskAbove() (int, error) {
	const place = "/ask_above"
	value, err := wardlet.Get(wardlet.Settings, place)
	if value == nil || err != nil {
		return 0, err
	}
	literal, _ := value.(wardlet.Number)
	number, err := strconv.ParseUint(string(literal), 10, 31)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt32, nil
	}
	if err != nil || number == 0 {
		return 0, wardlet.Fault{Pointer: place, Message: "give a whole number from 1 on"}
	}
	return int(number), nil
}

// readText gives a setting, and whether it is there.
func readText(place string) (string, bool, error) {
	value, err := wardlet.Get(wardlet.Settings, place)
	if value == nil || err != nil {
		return "", false, err
	}
	text, ok := value.(string)
	if !ok {
		return "", false, wardlet.Fault{Pointer: place, Message: "give a text here"}
	}
	return text, true, nil
}
