package middleware_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/memory"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/middleware"
)

type around = func(http.Handler) http.Handler

// behind returns a route /here/{it} behind middleware, as the routes of the server are. An
// error is a 400 with its text.
func behind(h http.HandlerFunc, chain ...around) http.Handler {
	all := &exchange.Exchanges{
		Refusal: func(_ *exchange.Exchange, err error) exchange.Refusal {
			return exchange.Refusal{Status: http.StatusBadRequest, Detail: err.Error(), Reason: "refused"}
		},
		Rejected:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rejected"}, []string{"reason"}),
		Allowance: memory.NewAllowance(1 << 20),
		Log:       zerolog.Nop(),
		Closing:   func() bool { return false },
	}
	mux := chi.NewRouter()
	mux.Use(all.Begin)
	mux.Use(chain...)
	mux.HandleFunc("/here/{it}", h)
	return mux
}

func never(string) bool { return false }

// A line is one of the access log.
type line struct {
	ID, Method, Route, Path, Reason, Level, Message string
	Trace, Parent                                   string
	Status                                          int
	Bytes                                           int64
}

// lines returns what was logged.
func lines(t *testing.T, log string) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(log) {
		var l struct {
			line
			TraceID  string `json:"trace_id"`
			ParentID string `json:"parent_id"`
		}
		if err := json.Unmarshal([]byte(text), &l, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		l.Trace, l.Parent = l.TraceID, l.ParentID
		all = append(all, l.line)
	}
	return all
}

// Log and metrics stand around the recoverer: they see the answer that a panic becomes, and
// the end of a connection that is broken off. The metrics have their time from the log.
func TestOrder(t *testing.T) {
	tests := []struct {
		name    string
		method  string
		path    string
		handler http.HandlerFunc
		want    line // of the access log
		label   string
		broken  bool // the connection
	}{
		{"an answer", "GET", "/here/a", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "abc") },
			line{Method: "GET", Route: "/here/{it}", Status: 200}, "GET 200 /here/{it}", false},
		{"without its body", "HEAD", "/here/a", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "abc") },
			line{Method: "HEAD", Route: "/here/{it}", Status: 200}, "HEAD 200 /here/{it}", false},
		{"an error", "GET", "/here/a", func(w http.ResponseWriter, r *http.Request) { exchange.Fail(w, r, errors.New("wrong")) },
			line{Method: "GET", Route: "/here/{it}", Status: 400, Reason: "refused"}, "GET 400 /here/{it}", false},
		{"a panic", "POST", "/here/a", func(http.ResponseWriter, *http.Request) { panic("the cause") },
			line{Method: "POST", Route: "/here/{it}", Status: 500}, "POST 500 /here/{it}", false},
		{"a panic after the header", "GET", "/here/a", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "ab")
			panic("the cause")
		}, line{Method: "GET", Route: "/here/{it}", Status: 200}, "GET 200 /here/{it}", true},
		{"broken off", "GET", "/here/a", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			line{Method: "GET", Route: "/here/{it}"}, "GET  /here/{it}", true},
		{"no route", "GET", "/nope?secret", nil,
			line{Method: "GET", Path: "/nope", Status: 404}, "GET 404 ", false},
		{"a method that is none", "BREW", "/here/a", nil,
			line{Method: "BREW", Status: 405}, "_OTHER 405 ", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var access, failures strings.Builder
			registry := prometheus.NewRegistry()
			h := behind(test.handler, middleware.Metrics(registry), middleware.AccessLog(zerolog.New(&access), never), middleware.Recover(zerolog.New(&failures)))
			request := httptest.NewRequest(test.method, test.path, nil)
			request.Header.Set("X-Request-Id", "an-id")
			answer, broken := httptest.NewRecorder(), false
			func() {
				defer func() {
					cause := recover()
					broken = cause != nil
					if broken && cause != http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
						t.Errorf("net/http would log %v", cause)
					}
				}()
				h.ServeHTTP(answer, request)
			}()
			if broken != test.broken {
				t.Errorf("the connection is broken: %t, want %t", broken, test.broken)
			}
			got := lines(t, access.String())
			test.want.ID, test.want.Level, test.want.Message = "an-id", "info", "request"
			if test.method != "HEAD" { // of which net/http leaves the body out
				test.want.Bytes = int64(answer.Body.Len())
			}
			if diff := cmp.Diff(got, []line{test.want}); diff != "" {
				t.Error(diff)
			}
			if label, seconds, active := measured(t, registry); label != test.label || seconds <= 0 || active != 0 {
				t.Errorf("got %q in %v s, and %v active requests, want %q", label, seconds, active, test.label)
			}
			if panicked := strings.HasPrefix(test.name, "a panic"); strings.Contains(failures.String(), `"id":"an-id","panic":"the cause","stack":`) != panicked {
				t.Errorf("the log has %q", &failures)
			}
		})
	}
}

// measured returns the labels of the one request that was measured, its seconds, and how many
// are active.
func measured(t *testing.T, registry *prometheus.Registry) (label string, seconds, active float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if h := m.GetHistogram(); h != nil && h.GetSampleCount() == 1 {
				var values []string
				for _, pair := range m.GetLabel() {
					values = append(values, pair.GetValue())
				}
				label, seconds = strings.Join(values, " "), h.GetSampleSum()
			} else {
				active = m.GetGauge().GetValue()
			}
		}
	}
	return label, seconds, active
}

// What is left of a panic is an answer like others: its headers are its own.
func TestRecover(t *testing.T) {
	h := behind(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		panic("the cause")
	}, middleware.Recover(zerolog.Nop()))
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/here/a", nil))
	if kind := answer.Header().Get("Content-Type"); answer.Code != http.StatusInternalServerError || kind != "application/json" {
		t.Errorf("got %d of type %s", answer.Code, kind)
	}
	if body := answer.Body.String(); !strings.Contains(body, `"Internal Server Error"`) || strings.Contains(body, "cause") {
		t.Errorf("got %s", body)
	}
}

// A client sees that an answer broke off.
func TestRecoverBreaksOff(t *testing.T) {
	s := httptest.NewServer(behind(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("the cause")
	}, middleware.Recover(zerolog.Nop())))
	defer s.Close()
	answer, err := s.Client().Get(s.URL + "/here/a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if body, err := io.ReadAll(answer.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v", body, err)
	}
}
