module local/plugin

go 1.25

require wardlet/bindings v0.0.0

// For editors: `wardlet plugin build` writes the bindings there.
replace wardlet/bindings => ./build/work/bindings
