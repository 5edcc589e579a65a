package server_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/api"
)

// The pages name nothing but what the service has, and that relatively: a proxy
// may serve them below a path of its own.
func TestPages(t *testing.T) {
	s := start(t, settings())
	reference := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for page, files := range map[string]int{"/docs": 7, "/redoc": 5} {
		t.Run(page, func(t *testing.T) {
			answer := s.ask(t, http.MethodGet, page, nil, "")
			if answer.status != http.StatusOK || answer.header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("%d, %s", answer.status, answer.header)
			}
			if policy := answer.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
				t.Errorf("the policy is %q", policy)
			}
			if !strings.Contains(answer.body, `<meta name="viewport"`) {
				t.Error("the page is not made for a phone")
			}
			references := reference.FindAllStringSubmatch(answer.body, -1)
			if len(references) != files {
				t.Errorf("got %d references, want %d: %q", len(references), files, references)
			}
			for _, r := range references {
				if strings.HasPrefix(r[1], "/") || strings.Contains(r[1], ":") {
					t.Errorf("%s is not relative", r[1])
				}
				if got := s.ask(t, http.MethodGet, "/"+r[1], nil, ""); got.status != http.StatusOK {
					t.Errorf("%s: %d", r[1], got.status)
				}
			}
		})
	}
}

func TestAssets(t *testing.T) {
	s := start(t, settings())
	for _, path := range undocumented {
		t.Run(path, func(t *testing.T) {
			plain := s.ask(t, http.MethodGet, path, nil, "")
			zipped := s.ask(t, http.MethodGet, path, http.Header{"Accept-Encoding": {"br, gzip;q=0.8"}}, "")
			reader, err := gzip.NewReader(strings.NewReader(zipped.body))
			if err != nil {
				t.Fatal(err)
			}
			unzipped, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			if string(unzipped) != plain.body || plain.header.Get("Content-Encoding") != "" || zipped.header.Get("Content-Encoding") != "gzip" {
				t.Errorf("plain and compressed differ in more than that: %s, %s", plain.header, zipped.header)
			}
			if plain.header.Get("ETag") == zipped.header.Get("ETag") {
				t.Errorf("one ETag for both: %s", plain.header.Get("ETag"))
			}
			for _, got := range []answer{plain, zipped} {
				if got.header.Get("Vary") != "Accept-Encoding" || got.header.Get("Cache-Control") == "" || got.length != int64(len(got.body)) {
					t.Errorf("got %s", got.header)
				}
			}
		})
	}
}

func TestNotModified(t *testing.T) {
	s := start(t, settings())
	etag := s.ask(t, http.MethodGet, "/openapi.json", nil, "").header.Get("ETag")
	tests := []struct {
		name, method, header string
		want                 int
	}{
		{"the same", "GET", etag, 304},
		{"the same, to HEAD", "HEAD", etag, 304},
		{"one of several", "GET", `"a", ` + etag, 304},
		{"made weak by a proxy", "GET", "W/" + etag, 304},
		{"any", "GET", "*", 304},
		{"another", "GET", `"a"`, 200},
		{"the compressed one's", "GET", strings.TrimSuffix(etag, `"`) + `-gzip"`, 200},
		{"nothing", "GET", "", 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := s.ask(t, test.method, "/openapi.json", http.Header{"If-None-Match": {test.header}}, "")
			if got.status != test.want || (got.status == 304 && got.body != "") {
				t.Errorf("got %d and %d bytes, want %d", got.status, len(got.body), test.want)
			}
			if got.header.Get("ETag") != etag || got.header.Get("Cache-Control") == "" || got.header.Get("Vary") == "" {
				t.Errorf("got %s", got.header)
			}
		})
	}
}

func TestAcceptEncoding(t *testing.T) {
	s := start(t, settings())
	for header, want := range map[string]string{
		"gzip": "gzip", "GZIP": "gzip", "deflate, gzip": "gzip", "*": "gzip", "gzip;q=0.1": "gzip",
		"": "", "identity": "", "gzip;q=0": "", "gzip; q=0.000, *": "", "*;q=0": "", "br": "", "gzip;q=x": "",
	} {
		got := s.ask(t, http.MethodGet, "/docs", http.Header{"Accept-Encoding": {header}}, "")
		if got := got.header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func TestServedDocument(t *testing.T) {
	s := start(t, settings())
	got := s.ask(t, http.MethodGet, "/openapi.json", nil, "")
	if diff := cmp.Diff(got.body, string(api.OpenAPI)); diff != "" {
		t.Error(diff)
	}
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, tag := range doc.Tags {
		tags = append(tags, tag.Name)
	}
	want := []string{"3.0.3", "TagIfAI - Made With ML", "Classify machine learning projects.", "0.1", "General", "Performance", "Arguments", "Prediction"}
	if diff := cmp.Diff(append([]string{doc.OpenAPI, doc.Info.Title, doc.Info.Description, doc.Info.Version}, tags...), want); diff != "" {
		t.Error(diff)
	}
	summaries := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			summaries[path] = operation.Summary
		}
	}
	wantSummaries := map[string]string{
		"/": "Health check.", "/livez": "Is the process alive?", "/readyz": "Should requests be sent here?", "/performance": "Get the performance metrics.", "/args": "Get all arguments used for the run.",
		"/args/{arg}": "Get a specific parameter's value used for the run.", "/predict": "Predict tags for a list of texts.",
	}
	if diff := cmp.Diff(summaries, wantSummaries); diff != "" {
		t.Error(diff)
	}
}
