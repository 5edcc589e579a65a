package server_test

import (
	"net/http"
	"strings"
	"testing"

	"tagifai/model"
	"tagifai/model/linear"
)

const maxTryBytes = 60_000

// The page and what it loads are small, and hold no code inline.
func TestTry(t *testing.T) {
	s := start(t, settings())
	total := 0
	for _, path := range append([]string{"/try"}, tryFiles...) {
		got := s.ask(t, http.MethodGet, path, nil, "")
		if got.status != http.StatusOK {
			t.Errorf("%s: %d", path, got.status)
		}
		total += len(got.body)
	}
	if total >= maxTryBytes {
		t.Errorf("the page has %d bytes, want less than %d", total, maxTryBytes)
	}
	page := s.ask(t, http.MethodGet, "/try", nil, "").body
	for _, inline := range []string{"style=", "<style", "onclick=", "javascript:", "http://", "https://"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page has %s", inline)
		}
	}
	t.Logf("%d bytes in %d files", total, 1+len(tryFiles))
}

// tryFiles is what /try loads.
var tryFiles = []string{
	"/try/csv.js", "/try/dom.js", "/try/drift.js", "/try/many.js", "/try/models.js", "/try/page.css", "/try/panel.js",
	"/try/registry.js", "/try/service.js", "/try/start.js", "/try/text.js",
}

// artifactWith returns the default artifact with changes.
func artifactWith(t *testing.T, args string, change func(*linear.Weights)) *model.Artifact {
	t.Helper()
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	if args != "" {
		if a.Args, err = model.ParseObject([]byte(args)); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(a.Weights)
	}
	return a
}
