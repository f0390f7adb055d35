package main

import (
	"iter"
	"strings"
)

// What a number begins with, and how many digits come after it.
const (
	prefix = "EMP-"
	digits = 6
)

// numbers ranges over the spans of the numbers in a text, in bytes. Between letters or digits there is
// none: that would be part of another name.
func numbers(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		for from := 0; ; {
			at := strings.Index(text[from:], prefix)
			if at < 0 {
				return
			}
			start := from + at
			from = start + len(prefix)
			end := from + digits
			if isNumber(text, start, end) && !yield(start, end) {
				return
			}
		}
	}
}

func isNumber(text string, start, end int) bool {
	if end > len(text) {
		return false
	}
	for _, b := range []byte(text[start+len(prefix) : end]) {
		if !isDigit(b) {
			return false
		}
	}
	innerBefore := start > 0 && isInner(text[start-1])
	innerAfter := end < len(text) && isInner(text[end])
	return !innerBefore && !innerAfter
}

func isDigit(b byte) bool {
	return '0' <= b && b <= '9'
}

func isInner(b byte) bool {
	return isDigit(b) || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}
