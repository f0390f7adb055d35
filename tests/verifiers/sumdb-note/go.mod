module wardlet/verifiers/sumdb-note

go 1.21

require golang.org/x/mod v0.7.0

// Debian's package golang-golang-x-mod-dev puts it there, so that no Go proxy is asked.
replace golang.org/x/mod => /usr/share/gocode/src/golang.org/x/mod
