package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/server"
)

func TestRequestID(t *testing.T) {
	s := start(t, settings())
	tests := []struct {
		name, id string
		kept     bool
	}{
		{"none", "", false},
		{"a client's", "Abc-123_x.y", true},
		{"another's", "Root=1-67891233-abcdef012345678912345678;Sampled=1", true},
		{"a UUID", "0190163d-8694-739b-aea5-966c26f8ad91", true},
		{"a ULID", "01ARZ3NDEKTSV4RRFFQ69G5FAV", true},
		{"base64", "q83vEjRWeJCrze8SNFZ4kA+/==", true},
		{"of several parts", "Root=1-67891233-abcdef012345678912345678;Lineage=a87bd80c:0,68fd508a:5", true},
		{"with a quote", `a"b`, false},
		{"as long as it may be", strings.Repeat("a", 128), true},
		{"too long", strings.Repeat("a", 129), false},
		{"with a space", "a b", false},
		{"not ASCII", "é", false},
		{"with a tab", "a\tb", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.id != "" {
				header.Set("X-Request-ID", test.id)
			}
			answer := s.ask(t, http.MethodGet, "/nope", header, "")
			got := answer.header.Get("X-Request-ID")
			if got == "" || (got == test.id) != test.kept {
				t.Errorf("got %q for %q", got, test.id)
			}
		})
	}
}

// What the document says of the id holds for a route of the document.
func TestRequestIDAsDocumented(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(doc.Components.Headers["RequestId"].Value.Schema.Value.Pattern)
	s := start(t, settings())
	ids := []string{"", strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129)}
	for c := ' '; c <= '~'; c++ {
		ids = append(ids, "a"+string(c)+"b")
	}
	for _, id := range ids {
		got := s.ask(t, http.MethodGet, "/livez", http.Header{"X-Request-Id": {id}}, "").header.Get("X-Request-Id")
		if !pattern.MatchString(got) {
			t.Errorf("the id %q is answered as %q, which does not match %s", id, got, pattern)
		}
		if kept := got == id; kept != pattern.MatchString(id) {
			t.Errorf("the id %q is answered as %q, and %s says otherwise", id, got, pattern)
		}
	}
}

// No answer is to be taken for another type than it says, whatever it is an answer to.
func TestNoSniff(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.AdminAddr = "127.0.0.1:0" }), func(s *server.Server) {
		s.Route(http.MethodGet, "/panic", func(*http.Request) (any, error) { panic("the cause") })
	})
	admin := &service{Server: s.Server, url: "http://" + s.AdminAddr(), logs: s.logs}
	tests := []struct {
		to                   *service
		method, path, header string
		status               int
	}{
		{s, "GET", "/", "", 200},
		{s, "POST", "/predict", "", 422},
		{s, "GET", "/nope", "", 404},
		{s, "DELETE", "/args", "", 405},
		{s, "GET", "/args/", "", 307},
		{s, "GET", "/panic", "", 500},
		{s, "GET", "/docs", "", 200},
		{s, "GET", "/docs", "bytes=1-2", 206},
		{s, "GET", "/docs", "bytes=999999-", 416},
		{admin, "GET", "/metrics", "", 200},
		{admin, "GET", "/debug/pprof/", "", 200},
	}
	for _, test := range tests {
		got := test.to.ask(t, test.method, test.path, http.Header{"Range": {test.header}}, "")
		if nosniff := got.header.Get("X-Content-Type-Options"); got.status != test.status || nosniff != "nosniff" {
			t.Errorf("%s %s: got %d with %q, want %d with nosniff", test.method, test.path, got.status, nosniff, test.status)
		}
	}
}

func TestAccessLog(t *testing.T) {
	s := start(t, settings())
	s.ask(t, http.MethodPost, "/predict", http.Header{"X-Request-Id": {"the-id"}}, `{"texts":[{"text":"a secret"},{"text":"another"}]}`)
	s.ask(t, http.MethodPost, "/predict", http.Header{"X-Request-Id": {"bad-id"}}, `{"texts":[{"text":"a secret"},"another secret"]}`)
	s.ask(t, http.MethodGet, "/args/secret?secret", nil, "")
	if err := s.stop(); err != nil { // after which all is logged
		t.Fatal(err)
	}
	type line struct {
		Message, ID, Method, Route string
		Status, Texts              int
	}
	var got []line
	for text := range strings.Lines(s.logs.String()) {
		var l struct {
			line
			Level, Remote string
			US            int64
			Bytes         int
		}
		if err := json.Unmarshal([]byte(text), &l, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if l.Message != "request" {
			continue
		}
		if l.Remote == "" || l.US <= 0 || l.Bytes < 100 {
			t.Errorf("incomplete: %s", text)
		}
		if l.Route == "/args/{arg}" {
			l.ID = ""
		}
		got = append(got, l.line)
	}
	want := []line{
		{"request", "the-id", "POST", "/predict", 200, 2},
		{"request", "bad-id", "POST", "/predict", 422, 0},
		{"request", "", "GET", "/args/{arg}", 200, 0},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(s.logs.String(), "secret") {
		t.Errorf("the log tells: %s", s.logs)
	}
}

// The cause of a 5xx is in the log and not in the answer.
func TestCauseStaysHere(t *testing.T) {
	s := start(t, settings(), func(s *server.Server) {
		s.Route(http.MethodGet, "/error", func(*http.Request) (any, error) { return nil, errors.New("the cause") })
		s.Route(http.MethodGet, "/panic", func(*http.Request) (any, error) { panic("the cause") })
		s.Route(http.MethodGet, "/data", func(*http.Request) (any, error) { return failing{}, nil })
	})
	for _, path := range []string{"/error", "/panic", "/data"} {
		t.Run(path, func(t *testing.T) {
			before := len(s.logs.String())
			answer := s.ask(t, http.MethodGet, path, http.Header{"X-Request-Id": {"an-id"}}, "")
			if answer.status != http.StatusInternalServerError {
				t.Error(answer.status)
			}
			if diff := cmp.Diff(string(decodeEnvelope(t, answer.body).Detail), `"Internal Server Error"`); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(answer.body, "cause") || strings.Contains(fmt.Sprint(answer.header), "cause") {
				t.Errorf("the client learns it: %s %s", answer.header, answer.body)
			}
			logged := s.logs.String()[before:]
			if !strings.Contains(logged, "the cause") || !strings.Contains(logged, "an-id") {
				t.Errorf("the log does not tell: %s", logged)
			}
			if path == "/panic" && !strings.Contains(logged, "middleware_test.go") {
				t.Errorf("the log has no stack: %s", logged)
			}
		})
	}
}

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("the cause") }
