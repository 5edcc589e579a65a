package server_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"tagifai/internal/config"
)

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zstandard(t testing.TB, text string, options ...zstd.EOption) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A compressed body is answered as it is before it is compressed, and its limits are those of
// what it becomes. What it held is given back.
func TestInflate(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 1 << 20 }))
	free := s.Free()
	plain := s.ask(t, http.MethodPost, "/predict?include=scores", jsonBody, payload)
	long := `{"texts":[` + strings.Repeat(`{"text":"a"},`, 5000) + `{"text":"a"}]}`
	bomb := strings.Repeat(" ", 100<<20)
	tests := []struct {
		name, path, coding, body string
		status                   int
	}{
		{"gzip", "/predict?include=scores", "gzip", gzipped(t, payload), 200},
		{"gzip by its old name", "/predict?include=scores", "X-GZIP", gzipped(t, payload), 200},
		{"zstd", "/predict?include=scores", "zstd", zstandard(t, payload), 200},
		{"identity", "/predict?include=scores", "identity", payload, 200},
		{"a long one", "/predict", "gzip", gzipped(t, long), 200},
		{"a long one by zstd", "/predict", "zstd", zstandard(t, long), 200},
		{"for MLflow", "/invocations", "gzip", gzipped(t, `{"inputs":["a"]}`), 200},
		{"for the Open Inference Protocol", "/v2/models/default/infer", "zstd", zstandard(t, `{"inputs":[{"name":"a","datatype":"BYTES","shape":[1],"data":["a"]}]}`), 200},
		{"a bomb", "/predict", "gzip", gzipped(t, bomb), 413},
		{"a bomb by zstd", "/predict", "zstd", zstandard(t, bomb, zstd.WithWindowSize(1<<20)), 413},
		{"a large window", "/predict", "zstd", zstandard(t, strings.Repeat(long, 200), zstd.WithWindowSize(8<<20)), 400},
		{"too large as it is sent", "/invocations", "gzip", strings.Repeat("a", 2<<20), 413},
		{"no gzip", "/predict", "gzip", payload, 400},
		{"no zstd", "/predict", "zstd", payload, 400},
		{"cut off", "/predict", "gzip", gzipped(t, payload)[:60], 400},
		{"damaged", "/predict", "gzip", gzipped(t, payload)[:60] + "xxxxxxxx", 400},
		{"twice", "/predict", "gzip, gzip", gzipped(t, gzipped(t, payload)), 415},
		{"another coding", "/predict", "br", payload, 415},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.ask(t, http.MethodPost, test.path, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {test.coding}}, test.body)
			if got.status != test.status {
				t.Fatalf("got %d, want %d: %.200s", got.status, test.status, got.body)
			}
			if strings.HasSuffix(test.path, "=scores") && string(decodeEnvelope(t, got.body).Data) != string(decodeEnvelope(t, plain.body).Data) {
				t.Errorf("got %s, want %s", got.body, plain.body)
			}
		})
	}
	s.ask(t, http.MethodGet, "/livez", nil, "")
	for i := 0; s.Free() != free; i++ {
		if i == 1000 {
			t.Fatalf("%d bytes are still held", free-s.Free())
		}
		s.ask(t, http.MethodGet, "/livez", nil, "")
	}
}
