package jsonbody_test

import (
	"strings"
	"testing"

	"tagifai/internal/jsonbody"
)

func BenchmarkParse(b *testing.B) {
	list := func(n int, text string) string {
		return `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":"`+text+`"},`, n), ",") + `]}`
	}
	const ascii = "Transfer learning with transformers for text classification."
	benchmarks := []struct{ name, body string }{
		{"one text", list(1, ascii)},
		{"two texts", list(2, ascii)},
		{"100 texts", list(100, ascii)},
		{"10000 texts", list(10_000, ascii)},
		{"non-ASCII", list(100, strings.Repeat("é学😀", 10))},
		{"escapes", list(100, strings.Repeat(`\u00e9\n`, 10))},
		{"mistakes", list(100, "")},
	}
	reader := jsonbody.New[payload](jsonbody.Limits{Items: 10_000})
	for _, benchmark := range benchmarks {
		b.Run(benchmark.name, func(b *testing.B) {
			body := []byte(benchmark.body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = reader.Parse("application/json", body)
			}
		})
	}
}
