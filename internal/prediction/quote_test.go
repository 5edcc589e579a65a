package prediction

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// naiveQuote is appendQuote without the shortcut.
func naiveQuote(s string) string {
	quoted, _ := jsontext.AppendQuote(nil, s)
	return string(quoted)
}

// Every byte at every place of a text of any length near those of the steps.
func TestAppendQuote(t *testing.T) {
	for size := range 26 {
		for place := range size {
			for c := range 256 {
				text := []byte(strings.Repeat("a~ ", 9)[:size])
				text[place] = byte(c)
				if got, want := string(appendQuote(nil, string(text))), naiveQuote(string(text)); got != want {
					t.Fatalf("%q is quoted as %s, want %s", text, got, want)
				}
			}
		}
	}
}

func FuzzAppendQuote(f *testing.F) {
	for _, s := range []string{"", "plain text of some length", `"quoted" and \ more`, "caf\xe9, \u2028, é", "\x00\x1f\x7f <&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(appendQuote([]byte("before "), s)), "before "+naiveQuote(s); got != want {
			t.Errorf("%q is quoted as %s, want %s", s, got, want)
		}
	})
}

func BenchmarkAppendQuote(b *testing.B) {
	text := strings.Repeat("a text of some words ", 7)[:140]
	for name, quote := range map[string]func([]byte, string) []byte{
		"appendQuote": appendQuote,
		"jsontext":    func(dst []byte, s string) []byte { dst, _ = jsontext.AppendQuote(dst, s); return dst },
	} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				dst = quote(dst[:0], text)
			}
		})
	}
}
