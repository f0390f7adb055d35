module wardlet/bindings

go 1.25
