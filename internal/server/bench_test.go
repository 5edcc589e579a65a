package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/auth"
	"tagifai/internal/server"
)

// predictTwo returns a function that lets the whole service, without a network, answer
// POST /predict with two texts.
func predictTwo(t testing.TB) (ask func(), size int64) { return predictTwoAs(t, nil, nil) }

// predictTwoAs does so with a guard and a credential for it.
func predictTwoAs(t testing.TB, guard *auth.Guard, credential http.Header) (ask func(), size int64) {
	h := newServer(t, server.Options{Settings: settings(), Guard: guard, Log: zerolog.New(io.Discard)}).Handler()
	const body = `{"texts":[{"text":"Transfer learning with transformers for text classification."},{"text":"Generative adversarial networks in both PyTorch and TensorFlow."}]}`
	reader := strings.NewReader(body)
	request := httptest.NewRequest(http.MethodPost, "/predict", http.NoBody)
	request.Body = io.NopCloser(reader)
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = int64(len(body))
	maps.Copy(request.Header, credential)
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

// BenchmarkGuard is BenchmarkPredict with and without a guard, in turn.
func BenchmarkGuard(b *testing.B) {
	keys := newKeyring(b, io.Discard, prometheus.NewRegistry())
	for i := range 1000 {
		keys.key(b, fmt.Sprint("key-", i), auth.Read, nil, time.Time{})
	}
	secret := keys.key(b, "bench", auth.Predict, nil, time.Now().Add(time.Hour))
	forModels := keys.key(b, "models", auth.Predict, []string{"other*", "def*"}, time.Time{})
	keys.reread()
	for _, bench := range []struct {
		name       string
		guard      *auth.Guard
		credential http.Header
	}{
		{"off", nil, nil},
		{"key", keys.guard, http.Header{"X-Api-Key": {secret}}},
		{"key for models", keys.guard, http.Header{"Authorization": {"Bearer " + forModels}}},
		{"token", keys.guard, http.Header{"Authorization": {"Bearer " + token(b, nil)}}},
	} {
		ask, size := predictTwoAs(b, bench.guard, bench.credential)
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
