package server_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/jsonbody"
	"tagifai/internal/server"
)

// bareRoutes are routes whose answers are not in the envelope.
func bareRoutes(s *server.Server) {
	s.Speak("/bare")
	s.RouteVersion("/bare")
	s.Route(http.MethodGet, "/bare", func(*http.Request) (any, error) { return []int{1, 2}, nil })
	s.Route(http.MethodHead, "/bare", func(*http.Request) (any, error) { return []int{1, 2}, nil })
	s.Route(http.MethodGet, "/barely", func(*http.Request) (any, error) { return 1, nil })
	s.Route(http.MethodGet, "/bare/panic", func(*http.Request) (any, error) { panic("the cause") })
	s.Route(http.MethodGet, "/bare/error", func(*http.Request) (any, error) { return nil, errors.New("the cause") })
	s.Route(http.MethodGet, "/bare/data", func(*http.Request) (any, error) { return failing{}, nil })
	s.Route(http.MethodGet, "/bare/invalid", func(*http.Request) (any, error) {
		return nil, &jsonbody.InvalidError{Items: []jsonbody.Item{
			{Loc: []any{"body", "texts", 0, "text"}, Msg: "str type expected"},
			{Loc: []any{"body", "x"}, Msg: "field required"},
		}}
	})
}

// Whatever answers a path, it answers in the dialect of the path.
func TestDialect(t *testing.T) {
	s := start(t, settings(), bareRoutes)
	busy := start(t, settings(func(c *config.Settings) { c.MaxQueued = 0 }), bareRoutes)
	busy.Occupy()
	t.Cleanup(busy.Vacate)
	tests := []struct {
		name, method, path, body string
		to                       *service
		status                   int
		want                     string
	}{
		{"success", "GET", "/bare", "", s, 200, `[1,2]`},
		{"HEAD", "HEAD", "/bare", "", s, 200, ``},
		{"the handlers of the envelope", "GET", "/bare/args/analyzer", "", s, 200, `{"analyzer":"char_wb"}`},
		{"a list", "POST", "/bare/predict", `{"texts":[{"text":"CNNs for image segmentation."}]}`, s, 200, `{"predictions":[{"input_text":"CNNs for image segmentation.","predicted_tag":"computer-vision"}]}`},
		{"no such route", "GET", "/bare/nope", "", s, 404, `{"error":"Not Found"}`},
		{"no such route, escaped", "GET", "/b%61re/nope", "", s, 404, `{"error":"Not Found"}`},
		{"HEAD of none", "HEAD", "/bare/nope", "", s, 404, ``},
		{"another method", "DELETE", "/bare", "", s, 405, `{"error":"Method Not Allowed"}`},
		{"no payload", "POST", "/bare/predict", "", s, 422, `{"error":"body: field required"}`},
		{"two errors", "GET", "/bare/invalid", "", s, 422, `{"error":"body.texts.0.text: str type expected; body.x: field required"}`},
		{"busy", "GET", "/bare/args", "", busy, 503, `{"error":"The service is busy: try again"}`},
		{"a panic", "GET", "/bare/panic", "", s, 500, `{"error":"Internal Server Error"}`},
		{"an error", "GET", "/bare/error", "", s, 500, `{"error":"Internal Server Error"}`},
		{"a value that cannot be encoded", "GET", "/bare/data", "", s, 500, `{"error":"Internal Server Error"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := test.to.ask(t, test.method, test.path, jsonBody, test.body)
			if got.status != test.status {
				t.Errorf("got %d, want %d", got.status, test.status)
			}
			if diff := cmp.Diff(got.body, test.want); diff != "" {
				t.Error(diff)
			}
			if kind := got.header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("the type is %s", kind)
			}
			length := int64(len(test.want))
			if test.method == http.MethodHead {
				length = s.ask(t, http.MethodGet, test.path, nil, "").length
			}
			if got.length != length {
				t.Errorf("the length is %d, want %d", got.length, length)
			}
			if retry := got.header.Get("Retry-After"); (retry != "") != (test.status == 503) {
				t.Errorf("Retry-After is %q", retry)
			}
		})
	}
	for _, path := range []string{"/", "/nope", "/barely"} { // what is beside the path has the envelope
		if got := decodeEnvelope(t, s.ask(t, http.MethodGet, path, nil, "").body); got.URL != s.url+path {
			t.Errorf("%s: got %+v", path, got)
		}
	}
}

// An answer that is sent in chunks is, in any dialect, what it says it is.
func TestDialectStreams(t *testing.T) {
	s := start(t, settings(), bareRoutes)
	body := `{"texts":[` + strings.Repeat(`{"text":"CNNs for image segmentation, again and again and again."},`, 999) + `{"text":"a"}]}`
	bare := s.ask(t, http.MethodPost, "/bare/predict?include=probabilities", jsonBody, body)
	if bare.length != int64(len(bare.body)) || bare.length < 256<<10 {
		t.Fatalf("%d bytes of %d", len(bare.body), bare.length)
	}
	enveloped := s.ask(t, http.MethodPost, "/predict?include=probabilities", jsonBody, body)
	if bare.body != string(decodeEnvelope(t, enveloped.body).Data) {
		t.Error("the bare answer is not what the envelope holds")
	}
}

// wrapper is the ResponseWriter of middleware.
type wrapper struct{ http.ResponseWriter }

func (w wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Middleware may wrap the writer, and change what is written.
func TestWrappedWriters(t *testing.T) {
	wrap := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(wrapper{w}, r) })
	}
	change := func(c *config.Settings) { c.MaxBodyBytes = 4 << 20 }
	s := start(t, settings(change), func(s *server.Server) {
		s.Use(wrap, middleware.Compress(5, "application/json", "text/html"))
		s.Use(wrap)
		s.Route(http.MethodGet, "/panic", func(*http.Request) (any, error) { panic("the cause") })
		bareRoutes(s)
	})
	many := `{"texts":[` + strings.Repeat(`{"text":"CNNs for image segmentation, again and again and again."},`, 999) + `{"text":"a"}]}`
	tests := []struct {
		name, method, path, body string
		status                   int
		plain                    bool // it is not compressed
	}{
		{"health", "GET", "/", "", 200, false},
		{"HEAD", "HEAD", "/args", "", 200, false},
		{"predict", "POST", "/predict", payload, 200, false},
		{"in chunks", "POST", "/predict?include=probabilities", many, 200, false},
		{"in another dialect", "POST", "/bare/predict", payload, 200, false},
		{"invalid", "POST", "/predict", "{}", 422, false},
		{"too large", "POST", "/predict", strings.Repeat(" ", 6<<20), 413, false},
		{"no such route", "GET", "/nope", "", 404, false},
		{"another method", "DELETE", "/args", "", 405, false},
		{"a slash too much", "GET", "/args/", "", 307, true},
		{"a panic", "GET", "/panic", "", 500, true}, // the recoverer is around the middleware
		{"the document", "GET", "/openapi.json", "", 200, false},
		{"the metrics", "GET", "/metrics", "", 200, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := len(s.logs.String())
			header := http.Header{"Accept-Encoding": {"gzip"}, "Content-Type": {"application/json"}, "X-Request-Id": {"of-" + strconv.Itoa(before)}}
			if test.path == "/metrics" { // which compresses by itself
				header.Set("Accept-Encoding", "identity")
			}
			got := s.ask(t, test.method, test.path, header, test.body)
			if got.status != test.status {
				t.Errorf("got %d, want %d: %s", got.status, test.status, got.body)
			}
			if coding := got.header.Get("Content-Encoding"); (coding == "") != test.plain {
				t.Errorf("the coding is %q", coding)
			}
			if !test.plain && test.method != http.MethodHead {
				unzipped, err := gzip.NewReader(strings.NewReader(got.body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(unzipped)
				if err != nil || !bytes.HasPrefix(text, []byte("{")) || !bytes.HasSuffix(bytes.TrimSpace(text), []byte("}")) {
					t.Errorf("%v in %.200s", err, text)
				}
			}
			if test.path == "/metrics" { // nor is it logged
				return
			}
			if logged := s.logged(t, header.Get("X-Request-Id")); logged.Status != test.status || logged.Bytes != len(got.body) {
				t.Errorf("the log has %+v, want %d with %d bytes", logged, test.status, len(got.body))
			}
		})
	}
}

// logged is the line of the access log for a request.
type logged struct {
	Message, ID   string
	Status, Bytes int
}

// logged waits for the line, which is written after the answer.
func (s *service) logged(t *testing.T, id string) logged {
	t.Helper()
	for range 500 {
		for text := range strings.Lines(s.logs.String()) {
			var line logged
			if err := json.Unmarshal([]byte(text), &line, json.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if line.Message == "request" && line.ID == id {
				return line
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("no line of %s in the log", id)
	return logged{}
}

// A refusal gives back what its answer held, also where no handler took part.
func TestRefusalsHoldNothing(t *testing.T) {
	s := start(t, settings())
	free := s.Free()
	for i := range 3 {
		got := s.ask(t, http.MethodGet, "/nope?"+strings.Repeat("a", 20<<10), http.Header{"X-Request-Id": {fmt.Sprint("a", i)}}, "")
		if got.status != http.StatusNotFound {
			t.Fatalf("got %d", got.status)
		}
		s.logged(t, fmt.Sprint("a", i))
	}
	if left := s.Free(); left != free {
		t.Errorf("%d bytes are still held", free-left)
	}
}
