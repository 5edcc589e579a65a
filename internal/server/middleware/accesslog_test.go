package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"tagifai/internal/server/middleware"
)

func nothing(http.ResponseWriter, *http.Request) {}

// logged returns the line of the access log for a request.
func logged(t *testing.T, r *http.Request, skip func(string) bool) []line {
	t.Helper()
	var log strings.Builder
	behind(nothing, middleware.AccessLog(zerolog.New(&log), skip)).ServeHTTP(httptest.NewRecorder(), r)
	return lines(t, log.String())
}

func TestAccessLogSkips(t *testing.T) {
	skip := func(route string) bool { return route == "/here/{it}" }
	if got := logged(t, httptest.NewRequest(http.MethodGet, "/here/a", nil), skip); len(got) != 0 {
		t.Errorf("got %v for a route to be skipped", got)
	}
	if got := logged(t, httptest.NewRequest(http.MethodGet, "/there", nil), skip); len(got) != 1 {
		t.Errorf("got %v for another", got)
	}
}

// A path that no route has is logged, but not more of it than helps, and no query.
func TestAccessLogClipsPath(t *testing.T) {
	tests := []struct{ target, want string }{
		{"/wp-login.php?password=secret", "/wp-login.php"},
		{"/a%22%0Ab", "/a\"\nb"},
		{"/a%ffb", "/a\ufffdb"},
		{"/" + strings.Repeat("a", 255), "/" + strings.Repeat("a", 255)},
		{"/" + strings.Repeat("a", 256), "/" + strings.Repeat("a", 255) + "…"},
		{"/" + strings.Repeat("%c3%a9", 200), "/" + strings.Repeat("é", 127) + "…"}, // no half of a character
		{"/here/a", ""},
	}
	for _, test := range tests {
		got := logged(t, httptest.NewRequest(http.MethodGet, test.target, nil), never)
		if diff := cmp.Diff(got[0].Path, test.want); diff != "" {
			t.Errorf("%.20s: %s", test.target, diff)
		}
	}
}

func TestTraceParent(t *testing.T) {
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	tests := []struct {
		name, header string
		logged       bool
	}{
		{"as it is", "00-" + trace + "-" + parent + "-01", true},
		{"of a later version", "01-" + trace + "-" + parent + "-01-more", true},
		{"none", "", false},
		{"too long for its version", "00-" + trace + "-" + parent + "-01-more", false},
		{"too long without a dash", "01-" + trace + "-" + parent + "-01more", false},
		{"too short", "00-" + trace + "-" + parent + "-0", false},
		{"no trace", "00-" + strings.Repeat("0", 32) + "-" + parent + "-01", false},
		{"no parent", "00-" + trace + "-" + strings.Repeat("0", 16) + "-01", false},
		{"the version that is none", "ff-" + trace + "-" + parent + "-01", false},
		{"capitals", "00-" + strings.ToUpper(trace) + "-" + parent + "-01", false},
		{"no number", "00-" + strings.Repeat("\"", 32) + "-" + parent + "-01", false},
		{"other dashes", "00_" + trace + "_" + parent + "_01", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/here/a", nil)
			r.Header.Set("Traceparent", test.header)
			got, want := logged(t, r, never)[0], line{}
			if test.logged {
				want.Trace, want.Parent = trace, parent
			}
			if got.Trace != want.Trace || got.Parent != want.Parent {
				t.Errorf("got %q and %q, want %q and %q", got.Trace, got.Parent, want.Trace, want.Parent)
			}
		})
	}
}
