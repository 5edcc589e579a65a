package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"tagifai/internal/server"
	"tagifai/internal/tools/process"
)

// BenchmarkServed has texts predicted over connections, as clients do; in "floor" by a handler
// that reads the request and has the answer ready, behind the same router. A request has its
// client and the kernel's work on both ends in it, so the differences count, not the ratios.
// cpu-ns/op is the processor time of all threads.
func BenchmarkServed(b *testing.B) {
	two := twoTexts
	s := newServer(b, server.Options{Settings: settings(), Log: zerolog.New(io.Discard)})
	if err := s.Listen(); err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Run(b.Context()) }()

	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/predict", bytes.NewBufferString(two)))
	floor := httptest.NewUnstartedServer(floorOf(answer.Result().Header, answer.Body.Bytes()))
	floor.Config.ReadHeaderTimeout, floor.Config.ReadTimeout = settings().ReadHeaderTimeout, settings().ReadTimeout
	floor.Config.WriteTimeout, floor.Config.IdleTimeout = settings().WriteTimeout, settings().IdleTimeout
	floor.Start()
	b.Cleanup(floor.Close)

	for _, bench := range []struct{ name, addr, path string }{
		{"floor", floor.Listener.Addr().String(), "/predict"},
		{"plain", s.Addr(), "/predict"},
		{"probabilities", s.Addr(), "/predict?include=probabilities"},
		{"explanation", s.Addr(), "/predict?include=explanation"},
	} {
		request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", bench.path, bench.addr, len(two), two)
		b.Run(bench.name, func(b *testing.B) {
			b.SetParallelism(16)
			before := ownCPU(b)
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", bench.addr)
				if err != nil {
					b.Error(err)
					return
				}
				defer func() { _ = conn.Close() }()
				answer := make([]byte, 0, 64<<10)
				for pb.Next() {
					if _, err := conn.Write(request); err != nil {
						b.Error(err)
						return
					}
					for answer = answer[:0]; !bytes.HasSuffix(answer, []byte("}]}}")); {
						n, err := conn.Read(answer[len(answer):cap(answer)])
						if err != nil {
							b.Error(err)
							return
						}
						answer = answer[:len(answer)+n]
					}
				}
			})
			b.ReportMetric((ownCPU(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// floorOf returns what answers POST /predict with a header and a body.
func floorOf(header http.Header, body []byte) http.Handler {
	header.Set("Content-Length", strconv.Itoa(len(body)))
	mux := chi.NewRouter()
	mux.Post("/predict", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range header {
			w.Header()[name] = values
		}
		_, _ = w.Write(body)
	})
	return mux
}

// ownCPU returns the processor time of the test so far, in nanoseconds.
func ownCPU(b *testing.B) float64 {
	took, err := process.OwnCPU()
	if err != nil {
		b.Fatal(err)
	}
	return float64(took.Nanoseconds())
}
