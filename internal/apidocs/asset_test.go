package apidocs_test

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/apidocs"
)

// An answer is a response that has been read.
type answer struct {
	*http.Response
	body string
}

// serve serves all files until the test ends.
func serve(t *testing.T) (ask func(t *testing.T, method, path string, header http.Header) answer, paths []string) {
	t.Helper()
	files := apidocs.Files("v1.2.3<b>")
	description := apidocs.NewDescription()
	files["/openapi.json"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		description.ServeBelow("", w, r)
	})
	mux := http.NewServeMux()
	for path, file := range files {
		mux.Handle(path, file)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return func(t *testing.T, method, path string, header http.Header) answer {
		t.Helper()
		r, err := http.NewRequest(method, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "identity") // or the client asks for gzip, and hides it
		maps.Copy(r.Header, header)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{response, string(body)}
	}, slices.Sorted(maps.Keys(files))
}

func TestAssets(t *testing.T) {
	ask, paths := serve(t)
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			plain := ask(t, http.MethodGet, path, nil)
			zipped := ask(t, http.MethodGet, path, http.Header{"Accept-Encoding": {"br, gzip;q=0.8"}})
			if plain.Header.Get("Content-Type") == "image/png" { // which are compressed by themselves
				if diff := cmp.Diff(zipped.body, plain.body); diff != "" || zipped.Header.Get("Content-Encoding") != "" || zipped.Header.Get("ETag") != plain.Header.Get("ETag") {
					t.Errorf("got %s, want %s", zipped.Header, plain.Header)
				}
				return
			}
			reader, err := gzip.NewReader(strings.NewReader(zipped.body))
			if err != nil {
				t.Fatal(err)
			}
			unzipped, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			if string(unzipped) != plain.body || plain.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("plain and compressed differ in more than that: %s, %s", plain.Header, zipped.Header)
			}
			if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
				t.Errorf("one ETag for both: %s", plain.Header.Get("ETag"))
			}
			for _, got := range []answer{plain, zipped} {
				if got.Header.Get("Vary") != "Accept-Encoding" || got.Header.Get("Cache-Control") == "" || got.ContentLength != int64(len(got.body)) {
					t.Errorf("%d bytes, announced as %d: %s", len(got.body), got.ContentLength, got.Header)
				}
			}
			head := ask(t, http.MethodHead, path, nil)
			if head.body != "" || head.ContentLength != plain.ContentLength || head.Header.Get("ETag") != plain.Header.Get("ETag") {
				t.Errorf("HEAD: got %d bytes, %s", len(head.body), head.Header)
			}
		})
	}
}

// The pages say which version of the service they are of.
func TestVersion(t *testing.T) {
	ask, _ := serve(t)
	for _, path := range []string{"/docs", "/redoc"} {
		const want = "<footer>TagIfAI v1.2.3&lt;b&gt;</footer>"
		if got := ask(t, http.MethodGet, path, nil); !strings.Contains(got.body, want) {
			t.Errorf("%s has no %s: %s", path, want, got.body)
		}
	}
}

func TestNotModified(t *testing.T) {
	ask, _ := serve(t)
	etag := ask(t, http.MethodGet, "/openapi.json", nil).Header.Get("ETag")
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
			got := ask(t, test.method, "/openapi.json", http.Header{"If-None-Match": {test.header}})
			if got.StatusCode != test.want || (got.StatusCode == http.StatusNotModified && got.body != "") {
				t.Errorf("got %d and %d bytes, want %d", got.StatusCode, len(got.body), test.want)
			}
			if got.Header.Get("ETag") != etag || got.Header.Get("Cache-Control") == "" || got.Header.Get("Vary") == "" {
				t.Errorf("got %s", got.Header)
			}
		})
	}
	t.Run("the compressed one", func(t *testing.T) {
		zipped := http.Header{"Accept-Encoding": {"gzip"}}
		zipped.Set("If-None-Match", ask(t, http.MethodGet, "/openapi.json", zipped).Header.Get("ETag"))
		got := ask(t, http.MethodGet, "/openapi.json", zipped)
		if got.StatusCode != http.StatusNotModified || got.Header.Get("Content-Encoding") != "" || got.Header.Get("Content-Length") != "" {
			t.Errorf("got %d, %s", got.StatusCode, got.Header)
		}
	})
}

// A part of a file is of the bytes that the whole would have been sent as.
func TestRange(t *testing.T) {
	ask, _ := serve(t)
	for _, encoding := range []string{"identity", "gzip"} {
		whole := ask(t, http.MethodGet, "/redoc", http.Header{"Accept-Encoding": {encoding}})
		size := "/" + strconv.Itoa(len(whole.body))
		tests := []struct {
			name, span, ifRange string
			status              int
			body, contentRange  string
		}{
			{"a part", "bytes=10-19", "", 206, whole.body[10:20], "bytes 10-19" + size},
			{"the end", "bytes=-5", "", 206, whole.body[len(whole.body)-5:], "bytes " + strconv.Itoa(len(whole.body)-5) + "-" + strconv.Itoa(len(whole.body)-1) + size},
			{"of the same file", "bytes=0-3", whole.Header.Get("ETag"), 206, whole.body[:4], "bytes 0-3" + size},
			{"of another file", "bytes=0-3", `"a"`, 200, whole.body, ""},
			{"another unit", "lines=1-2", "", 416, "invalid range\n", ""},
			{"beyond the end", "bytes=1000000-", "", 416, "invalid range: failed to overlap\n", "bytes */" + size[1:]},
		}
		for _, test := range tests {
			t.Run(encoding+", "+test.name, func(t *testing.T) {
				header := http.Header{"Accept-Encoding": {encoding}, "Range": {test.span}}
				if test.ifRange != "" {
					header.Set("If-Range", test.ifRange)
				}
				got := ask(t, http.MethodGet, "/redoc", header)
				if got.StatusCode != test.status || got.ContentLength != int64(len(got.body)) || got.Header.Get("Content-Range") != test.contentRange {
					t.Errorf("got %d, %s", got.StatusCode, got.Header)
				}
				if diff := cmp.Diff(got.body, test.body); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestAcceptEncoding(t *testing.T) {
	ask, _ := serve(t)
	for header, want := range map[string]string{
		"gzip": "gzip", "GZIP": "gzip", "deflate, gzip": "gzip", "*": "gzip", "gzip;q=0.1": "gzip",
		"": "", "identity": "", "gzip;q=0": "", "gzip; q=0.000, *": "", "*;q=0": "", "br": "", "gzip;q=x": "",
	} {
		got := ask(t, http.MethodGet, "/docs", http.Header{"Accept-Encoding": {header}})
		if got := got.Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func TestServeBelow(t *testing.T) {
	description := apidocs.NewDescription()
	for root, want := range map[string]string{"": `"url": "/"`, "/tagger": `"url": "/tagger"`} {
		w := httptest.NewRecorder()
		description.ServeBelow(root, w, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody))
		if !strings.Contains(w.Body.String(), want) || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("below %q: there is no %s in the document; %s", root, want, w.Header())
		}
	}
}
