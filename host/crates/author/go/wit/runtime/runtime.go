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

// The host asks for memory. It never resizes what it asked for: the canonical ABI does so only for texts of
// other encodings, and both sides speak UTF-8.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("memory of the host is not resized")
	}
	return Allocate(&crossed, size, align)
}
