package jsonbody_test

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"

	"tagifai/internal/jsonbody"
)

// TestMemory measures all that is allocated while a body is parsed, not only what is held
// at once: whatever is in the body, it is a small multiple of the body's size.
func TestMemory(t *testing.T) {
	const most = 4
	long := func(s string) string { return `{"texts":[{"text":"` + strings.Repeat(s, 100_000) + `"}]}` }
	many := func(s string) string {
		return `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"`+s+`"},`, 10_000), ",") + `]}`
	}
	const half = "\xed\xa0\x80" // of a surrogate pair
	tests := []struct{ name, body string }{
		{"a long text, escaped", long(`\ud800`)},
		{"a long text", long(half)},
		{"a long text, UTF-16 LE", surrogates(long(half), 2, binary.LittleEndian)},
		{"a long text, UTF-16 BE", surrogates(long(half), 2, binary.BigEndian)},
		{"a long text, UTF-32 LE", surrogates(long(half), 4, binary.LittleEndian)},
		{"a long text, UTF-16 LE and escaped", surrogates(long(`\ud800`), 2, binary.LittleEndian)},
		{"many texts, escaped", many(`\ud800`)},
		{"many texts", many(half)},
		{"many texts, UTF-16 LE", surrogates(many(half), 2, binary.LittleEndian)},
		{"many texts, UTF-32 BE", surrogates(many(half), 4, binary.BigEndian)},
		{"nothing wrong, a long text in UTF-16", encode(long("学"), 2, binary.LittleEndian)},
		{"nothing wrong, a long text of escapes", long(`\u0041`)},
		{"nothing wrong, many texts", many("学")},
	}
	reader := jsonbody.New[payload](jsonbody.Limits{Items: 10_000})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := []byte(test.body)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = reader.Parse("", body)
			runtime.ReadMemStats(&after)
			if got := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(body)); got > most {
				t.Errorf("parsing took %.1f times the size of the body, more than %d", got, most)
			}
		})
	}
}

// surrogates returns s in units of two or four bytes, in which a half of a surrogate pair
// is what three bytes of s stand for.
func surrogates(s string, unit int, order binary.AppendByteOrder) string {
	const half, other = "\xed\xa0\x80", "\ufffd"
	from := encode(other, unit, order)
	to := string(order.AppendUint16(nil, 0xd800))
	if unit == 4 {
		to = string(order.AppendUint32(nil, 0xd800))
	}
	return strings.ReplaceAll(encode(strings.ReplaceAll(s, half, other), unit, order), from, to)
}
