// Package runtime gives memory to what crosses between the host and the plugin.
package runtime

import (
	"runtime"
	"unsafe"
)

// crossed holds what the host wrote since the last Unpin: until the generated code has made values of it,
// nothing else points there.
var crossed runtime.Pinner

// Allocate gives memory that stays where it is until the pinner lets go of it.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}
	var memory unsafe.Pointer
	if align == 1 {
		memory = unsafe.Pointer(unsafe.SliceData(make([]byte, size)))
	} else {
		// No type of the component model needs more than the eight bytes of a uint64.
		memory = unsafe.Pointer(unsafe.SliceData(make([]uint64, (size+7)/8)))
	}
	pinner.Pin(memory)
	return memory
}

// Unpin lets go of what the host wrote. Whatever is still wanted of it is a Go value by now.
func Unpin() {
	crossed.Unpin()
}

// isStarted is true from when packages are initialised.
var isStarted bool

func init() {
	isStarted = true
}

// early is what is given before Go's runtime has started, when nothing can be allocated. The adapter to WASI
// 0.2, which a plugin with `wasi` has, takes two pages for itself when the runtime asks its first question;
// a third is for the answers.
var early [3 << 16]byte

var earlyUsed uintptr

func allocateEarly(size, align uintptr) unsafe.Pointer {
	start := (uintptr(unsafe.Pointer(&early)) + earlyUsed + align - 1) &^ (align - 1)
	earlyUsed = start + size - uintptr(unsafe.Pointer(&early))
	// Whoever asks for more runs into the bounds, which is a trap.
	return unsafe.Pointer(&early[earlyUsed-size])
}

// The host asks for memory. It never resizes what it asked for: the canonical ABI does so only for texts of
// other encodings, and both sides speak UTF-8.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("memory of the host is not resized")
	}
	if !isStarted {
		return allocateEarly(size, align)
	}
	return Allocate(&crossed, size, align)
}
