package wardlet

import (
	"errors"
	"iter"
	"strconv"
	"strings"

	document "wardlet/bindings/wardlet_plugin_document"
	witRuntime "wardlet/bindings/wit/runtime"
)

// Why the host does not show a place.
var (
	ErrNotGranted = errors.New("the grant does not show this place, or not all of it")
	ErrBadPointer = errors.New("this is no pointer")
	ErrTooLarge   = errors.New("the check's budget of bytes is spent")
)

// Values of a document that Go has no type of its own for. The others are bool and string.
type (
	// Null is the value null, which is something else than no value.
	Null struct{}
	// Number is the literal of a number, as it came.
	Number string
	// Items is a list, as the number of its items.
	Items uint32
	// Members is an object, as the number of its members.
	Members uint32
)

// Leaf is a text in a document: a string, or the name of a member.
type Leaf = document.Leaf

// Get gives the value at a pointer (RFC 6901): a Null, bool, Number, string, Items or Members; nil where
// nothing stands there.
func Get(part Part, pointer string) (any, error) {
	got := document.Get(part, pointer)
	if got.IsErr() {
		return nil, failure(got.Err())
	}
	value, found := got.Ok().Get()
	if !found {
		return nil, nil
	}
	switch value.Tag() {
	case document.ValueNull:
		return Null{}, nil
	case document.ValueBoolean:
		return value.Boolean(), nil
	case document.ValueNumber:
		return Number(value.Number()), nil
	case document.ValueText:
		return value.Text(), nil
	case document.ValueItems:
		return Items(value.Items()), nil
	default:
		return Members(value.Members()), nil
	}
}

// Names gives the names of all members of the object at a pointer; none where no object stands there.
func Names(part Part, pointer string) ([]string, error) {
	var names []string
	for {
		page := document.Names(part, pointer, uint32(len(names)))
		if page.IsErr() {
			return nil, failure(page.Err())
		}
		if len(page.Ok()) == 0 {
			return names, nil
		}
		names = append(names, page.Ok()...)
	}
}

// Strings ranges over the texts at and below a pointer, in the order of the document. It ends with a
// failure to show them.
func Strings(part Part, pointer string) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		for from, more := uint32(0), true; more; {
			batch := document.Strings(part, pointer, from)
			if batch.IsErr() {
				yield(Leaf{}, failure(batch.Err()))
				return
			}
			// What is not kept of this batch makes room for the next, so that a large document fits.
			witRuntime.Unpin()
			for _, leaf := range batch.Ok().Leaves {
				if !yield(leaf, nil) {
					return
				}
			}
			from, more = batch.Ok().Next.Get()
		}
	}
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

// Child is the pointer of a member. `~` and `/` in its name are escaped (RFC 6901, section 3).
func Child(pointer, name string) string {
	return pointer + "/" + escapes.Replace(name)
}

// Item is the pointer of an item.
func Item(pointer string, index int) string {
	return pointer + "/" + strconv.Itoa(index)
}

func failure(code document.Failure) error {
	switch code {
	case document.FailureNotGranted:
		return ErrNotGranted
	case document.FailureBadPointer:
		return ErrBadPointer
	default:
		return ErrTooLarge
	}
}
