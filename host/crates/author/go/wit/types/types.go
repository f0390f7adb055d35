// Package types has the general types of the component model, as the generated code asks for them.
package types

// What Option.Tag answers.
const (
	OptionNone = 0
	OptionSome = 1
)

// Option is a value that may be absent.
type Option[T any] struct {
	value  T
	isSome bool
}

// Some is a value that is there.
func Some[T any](value T) Option[T] {
	return Option[T]{value, true}
}

// None is the absence of a value.
func None[T any]() Option[T] {
	return Option[T]{}
}

// Get is the value, and whether there is one.
func (o Option[T]) Get() (T, bool) {
	return o.value, o.isSome
}

// Some is the value; it panics where there is none.
func (o Option[T]) Some() T {
	if !o.isSome {
		panic("there is no value")
	}
	return o.value
}

// Tag says which of the two it is.
func (o Option[T]) Tag() uint8 {
	if o.isSome {
		return OptionSome
	}
	return OptionNone
}

// What Result.Tag answers.
const (
	ResultOk  = 0
	ResultErr = 1
)

// Result is a value, or the failure to get one.
type Result[T, E any] struct {
	value   T
	failure E
	isErr   bool
}

// Ok is a value.
func Ok[T, E any](value T) Result[T, E] {
	return Result[T, E]{value: value}
}

// Err is a failure.
func Err[T, E any](failure E) Result[T, E] {
	return Result[T, E]{failure: failure, isErr: true}
}

// IsErr says whether it is a failure.
func (r Result[T, E]) IsErr() bool {
	return r.isErr
}

// Ok is the value; it panics where there is a failure.
func (r Result[T, E]) Ok() T {
	if r.isErr {
		panic("there is a failure in place of a value")
	}
	return r.value
}

// Err is the failure; it panics where there is none.
func (r Result[T, E]) Err() E {
	if !r.isErr {
		panic("there is a value in place of a failure")
	}
	return r.failure
}

// Tag says which of the two it is.
func (r Result[T, E]) Tag() uint8 {
	if r.isErr {
		return ResultErr
	}
	return ResultOk
}

// Unit is the value of a result that has none.
type Unit struct{}
