package main

import "strings"

// domainOf gives the domain of an address of the form `local@domain`; false where a text is of any other
// form. What two readers could take apart differently is no address here.
func domainOf(address string) (string, bool) {
	for _, b := range []byte(address) {
		if b <= ' ' || b > '~' || b == ',' {
			return "", false
		}
	}
	local, domain, found := strings.Cut(address, "@")
	if !found || local == "" || domain == "" || strings.Contains(domain, "@") {
		return "", false
	}
	return domain, true
}
