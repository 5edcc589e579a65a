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
	return predictAs(t, guard, credential, "/predict", twoTexts, discard{http.Header{}}), int64(len(twoTexts))
}

// twoTexts is the body of a usual request.
const twoTexts = `{"texts":[{"text":"Transfer learning with transformers for text classification."},{"text":"Generative adversarial networks in both PyTorch and TensorFlow."}]}`

// predictAs returns a function that lets the whole service, without a network, answer a POST.
func predictAs(t testing.TB, guard *auth.Guard, header http.Header, path, body string, w http.ResponseWriter) (ask func()) {
	h := newServer(t, server.Options{Settings: settings(), Guard: guard, Log: zerolog.New(io.Discard)}).Handler()
	reader := strings.NewReader(body)
	request := httptest.NewRequest(http.MethodPost, path, http.NoBody)
	request.Body = io.NopCloser(reader)
	request.Header.Set("Content-Type", "application/json")
	request.ContentLength = int64(len(body))
	maps.Copy(request.Header, header)
	return func() {
		reader.Reset(body)
		clear(w.Header())
		h.ServeHTTP(w, request)
	}
}

// BenchmarkPredict is a request with two texts, from the router to the answer.
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

// BenchmarkCompress has 100 texts predicted, with probabilities, and the answer compressed or
// not. Answer-B is its size.
func BenchmarkCompress(b *testing.B) {
	for _, coding := range []string{"identity", "gzip"} {
		b.Run(coding, func(b *testing.B) {
			w := &counter{discard: discard{http.Header{}}}
			ask := predictAs(b, nil, http.Header{"Accept-Encoding": {coding}}, "/predict?include=probabilities", predictPayload(100), w)
			b.ReportAllocs()
			for b.Loop() {
				w.bytes = 0
				ask()
			}
			b.ReportMetric(float64(w.bytes), "answer-B")
		})
	}
}

// counter counts what it discards.
type counter struct {
	discard
	bytes int
}

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
