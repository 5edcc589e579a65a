package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"tagifai/internal/server"
)

// predictTwo returns a function that lets the whole service, without a network, answer
// POST /predict with two texts.
func predictTwo(t testing.TB) (ask func(), size int64) {
	h := newServer(t, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)}).Handler()
	const body = `{"texts":[{"text":"Transfer learning with transformers for text classification."},{"text":"Generative adversarial networks in both PyTorch and TensorFlow."}]}`
	reader := strings.NewReader(body)
	request := httptest.NewRequest(http.MethodPost, "/predict", http.NoBody)
	request.Body = io.NopCloser(reader)
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = int64(len(body))
	w := discard{http.Header{}}
	return func() {
		reader.Reset(body)
		clear(w.header)
		h.ServeHTTP(w, request)
	}, int64(len(body))
}

func BenchmarkPredict(b *testing.B) {
	ask, size := predictTwo(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
