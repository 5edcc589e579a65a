package jsonbody

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// ordinaryNaive is ordinary, byte for byte.
func ordinaryNaive(s string) (n int, ascii bool) {
	ascii = true
	for n < len(s) && s[n] >= ' ' && s[n] != '"' && s[n] != '\\' {
		ascii = ascii && s[n] < utf8.RuneSelf
		n++
	}
	return n, ascii
}

func checkOrdinary(t *testing.T, s string) {
	t.Helper()
	n, ascii := ordinary(s)
	want, _ := ordinaryNaive(s)
	if n > want || n < want && len(s)-n >= 8 {
		t.Fatalf("%q: got %d bytes, want %d", s, n, want)
	}
	if _, want := ordinaryNaive(s[:n]); ascii != want {
		t.Fatalf("%q: got ASCII %t, want %t", s[:n], ascii, want)
	}
}

// Every byte is found at every place of eight, behind and before every other.
func TestOrdinary(t *testing.T) {
	for at := range 16 {
		s := []byte(strings.Repeat("x", 24))
		for a := range 256 {
			for b := range 256 {
				s[at], s[at+1] = byte(a), byte(b)
				checkOrdinary(t, string(s))
			}
		}
	}
	for n := range 8 {
		checkOrdinary(t, strings.Repeat("x", n))
	}
}

func FuzzOrdinary(f *testing.F) {
	f.Add(`object detection", "next"`)
	f.Add("é\\\u0000")
	f.Fuzz(checkOrdinary)
}
