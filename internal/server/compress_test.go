package server_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"tagifai/internal/config"
	"tagifai/internal/server"
	"tagifai/model"
	"tagifai/model/linear"
)

var acceptsGzip = http.Header{"Accept-Encoding": {"gzip"}}

// unzip returns what an answer is without its coding.
func unzip(t *testing.T, a answer) string {
	t.Helper()
	if got := a.header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("the coding is %q: %d, %.200s", got, a.status, a.body)
	}
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var timestamp = regexp.MustCompile(`"timestamp":"[^"]*"`)

// timeless returns the body of an answer without what two of them differ in.
func timeless(body string) string { return timestamp.ReplaceAllString(body, "") }

// checkCompressed proves that an answer is, compressed, the same as the plain one.
func checkCompressed(t *testing.T, plain, compressed answer) {
	t.Helper()
	if diff := cmp.Diff(timeless(unzip(t, compressed)), timeless(plain.body)); diff != "" {
		t.Error(diff)
	}
	if compressed.status != plain.status || plain.header.Get("Content-Encoding") != "" || len(compressed.body) >= len(plain.body) {
		t.Errorf("got %d with %d bytes, compressed %d with %d", plain.status, len(plain.body), compressed.status, len(compressed.body))
	}
	for _, got := range []answer{plain, compressed} {
		if vary := got.header.Values("Vary"); len(vary) != 1 || vary[0] != "Accept-Encoding" {
			t.Errorf("Vary is %q", vary)
		}
	}
	for _, name := range []string{"Content-Type", "Inference-Header-Content-Length"} {
		if got, want := compressed.header.Get(name), plain.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// texts is a list of so many texts, each in quotes, of which hardly two are alike.
func texts(n int) string {
	words := strings.Fields("image segmentation with attention and transformers for low resource language translation " +
		"using reinforcement learning in production a tutorial on deploying graph neural networks at scale object detection " +
		"from scratch pytorch pipelines versioning data models experiments text generation speech video pose estimation")
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]string, n)
	for i := range list {
		var text strings.Builder
		for range 10 {
			text.WriteString(words[random.IntN(len(words))] + " ")
		}
		list[i] = `"` + text.String() + `"`
	}
	return strings.Join(list, ",")
}

// predictPayload is a [classify.PredictPayload] of so many texts.
func predictPayload(n int) string {
	return `{"texts":[{"text":` + strings.ReplaceAll(texts(n), `",`, `"},{"text":`) + `}]}`
}

// Answers over 1 KiB are compressed for who accepts it, in all dialects, whole or in chunks.
func TestCompress(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 4 << 20 }))
	infer := func(n int, more string) string {
		return fmt.Sprintf(`{"inputs":[{"name":"text","datatype":"BYTES","shape":[%d],"data":[%s]}]%s}`, n, texts(n), more)
	}
	invoke := func(n int) string { return `{"inputs":[` + texts(n) + `],"params":{"predict_method":"predict_proba"}}` }
	const binary = `,"parameters":{"binary_data_output":true}`
	tests := []struct {
		name, path, body string
		status           int
		chunks           bool
	}{
		{"predictions", "/predict?include=probabilities", predictPayload(100), 200, false},
		{"just over 1 KiB", "/predict", predictPayload(10), 200, false},
		{"in chunks", "/predict?include=probabilities,scores", predictPayload(3000), 200, true},
		{"explanations", "/models/default/predict?include=explanation", predictPayload(3), 200, false},
		{"errors", "/predict", `{"texts":[` + strings.TrimSuffix(strings.Repeat(`{"text":""},`, 20), ",") + `]}`, 422, false},
		{"an error that repeats the URL", "/predict?" + strings.Repeat("a", 2000), `{"texts":[]}`, 422, false},
		{"an inference", "/v2/models/default/infer", infer(100, ""), 200, false},
		{"an inference in chunks", "/v2/models/default/infer", infer(3000, ""), 200, true},
		{"binary tensors", "/v2/models/default/infer", infer(100, binary), 200, false},
		{"binary tensors in chunks", "/v2/models/default/infer", infer(3000, binary), 200, true},
		{"an invocation", "/invocations", invoke(100), 200, false},
		{"an invocation in chunks", "/invocations", invoke(3000), 200, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plain := s.ask(t, http.MethodPost, test.path, jsonBody, test.body)
			header := http.Header{"X-Request-Id": {strings.ReplaceAll(test.name, " ", "-")}}
			maps.Copy(header, jsonBody)
			maps.Copy(header, acceptsGzip)
			compressed := s.ask(t, http.MethodPost, test.path, header, test.body)
			checkCompressed(t, plain, compressed)
			if compressed.status != test.status || plain.length != int64(len(plain.body)) {
				t.Errorf("got %d, want %d; a length of %d for %d bytes", compressed.status, test.status, plain.length, len(plain.body))
			}
			want := int64(len(compressed.body))
			if test.chunks {
				want = -1
			}
			if compressed.length != want {
				t.Errorf("got a length of %d, want %d", compressed.length, want)
			}
			if got := s.logged(t, header.Get("X-Request-Id")).Bytes; got != len(compressed.body) {
				t.Errorf("the log has %d bytes, %d were sent", got, len(compressed.body))
			}
		})
	}
	t.Run("by HTTP/1.0, which knows no chunks", func(t *testing.T) {
		body := predictPayload(3000)
		got := s.raw(t, fmt.Sprintf("POST /predict?include=probabilities HTTP/1.0\r\nAccept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 1)[0]
		decodeEnvelope(t, unzip(t, got))
	})
}

// An answer of 1 KiB is a small one.
func TestCompressFrom(t *testing.T) {
	s := start(t, settings(), func(s *server.Server) {
		s.Speak("/bare")
		s.Route(http.MethodGet, "/bare", func(r *http.Request) (any, error) { return r.URL.RawQuery, nil })
	})
	for length, coding := range map[int]string{1024: "", 1025: "gzip"} {
		want := `"` + strings.Repeat("a", length-2) + `"`
		got := s.ask(t, http.MethodGet, "/bare?"+strings.Trim(want, `"`), acceptsGzip, "")
		if got.header.Get("Content-Encoding") != coding || coding == "" && got.body != want || coding != "" && unzip(t, got) != want {
			t.Errorf("%d bytes: got %v, %q", length, got.header, got.body)
		}
	}
}

// What is asked for by GET is compressed if it is long, and as it was if it is not.
func TestCompressEveryRoute(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.AdminAddr = "127.0.0.1:0" }))
	admin := *s
	admin.url = "http://" + s.AdminAddr()
	long := 0
	parameters := strings.NewReplacer("{name}", "default", "{version}", "1", "{arg}", "analyzer")
	for handler, at := range map[http.Handler]*service{s.Handler(): s, s.AdminHandler(): &admin} {
		err := chi.Walk(handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			path := parameters.Replace(pattern)
			if method != http.MethodGet || strings.HasPrefix(path, "/debug/") || path == "/metrics" || strings.HasSuffix(path, "*") {
				return nil
			}
			t.Run(path, func(t *testing.T) {
				plain, compressed := at.ask(t, method, path, nil, ""), at.ask(t, method, path, acceptsGzip, "")
				if len(plain.body) > 1<<10 {
					long++
					checkCompressed(t, plain, compressed)
					head := at.ask(t, http.MethodHead, path, acceptsGzip, "")
					// The timestamp is another, and HEAD is a letter longer than GET.
					if diff := head.length - compressed.length; head.body != "" || diff < -100 || diff > 100 || head.header.Get("Content-Encoding") != "gzip" {
						t.Errorf("HEAD: got %q and a length of %d, want that of %d: %v", head.body, head.length, compressed.length, head.header)
					}
					return
				}
				if plain.header.Get("ETag") != "" {
					return // a file knows by itself whether it is worth it
				}
				if diff := cmp.Diff(timeless(compressed.body), timeless(plain.body)); diff != "" {
					t.Error(diff)
				}
				for _, got := range []answer{plain, compressed} {
					if got.header.Get("Vary") != "" || got.header.Get("Content-Encoding") != "" || got.length != int64(len(got.body)) {
						t.Errorf("a small answer has %v", got.header)
					}
				}
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if long < 20 {
		t.Errorf("only %d answers are long", long)
	}
	// The metrics are compressed by their own handler, and once.
	if got := unzip(t, admin.ask(t, http.MethodGet, "/metrics", acceptsGzip, "")); !strings.Contains(got, "\ntagifai_build_info") {
		t.Errorf("the metrics are %.100q", got)
	}
}

// Clients of Triton read only inferences compressed, though they say that they accept gzip.
func TestCompressNotOthersOfTriton(t *testing.T) {
	m, err := model.New(artifactWith(t, "", func(w *linear.Weights) {
		for i := range w.Classes {
			w.Classes[i] += strings.Repeat("x", 300)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	s := startLoading(t, newLoader(m).load, settings())
	for path, status := range map[string]int{"/v2/models/default": 200, "/v2/models/" + strings.Repeat("x", 2000): 404} {
		got := s.ask(t, http.MethodGet, path, acceptsGzip, "")
		if got.status != status || len(got.body) <= 1<<10 || got.header.Get("Content-Encoding") != "" || got.header.Get("Vary") != "" {
			t.Errorf("%.40s: got %d with %d bytes and %v", path, got.status, len(got.body), got.header)
		}
	}
}

// A cache that tells origins apart goes on to do so.
func TestCompressVary(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.CORSOrigins = []config.Origin{"https://example.org"} }))
	for _, path := range []string{"/performance", "/openapi.json"} {
		got := s.ask(t, http.MethodGet, path, http.Header{"Origin": {"https://example.org"}}, "")
		if diff := cmp.Diff(got.header.Values("Vary"), []string{"Origin", "Accept-Encoding"}); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// Over HTTP/2 an answer is the same, with TLS and without.
func TestCompressHTTP2(t *testing.T) {
	secure := startTLS(t, false, settings())
	plain := start(t, settings(func(c *config.Settings) { c.H2C = true }))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	header := http.Header{"Content-Type": {"application/json"}, "Accept-Encoding": {"gzip"}}
	for _, n := range []int{100, 3000} {
		body := predictPayload(n)
		want := timeless(string(decodeEnvelope(t, plain.ask(t, http.MethodPost, "/predict", jsonBody, body).body).Data))
		got, protocol, err := secure.askOver(t, "h2", secure.Addr(), http.MethodPost, "/predict", header, body)
		if err != nil || protocol != "HTTP/2.0" {
			t.Fatal(protocol, err)
		}
		if diff := cmp.Diff(string(decodeEnvelope(t, unzip(t, got)).Data), want); diff != "" {
			t.Error(diff)
		}
		r, err := http.NewRequest(http.MethodPost, plain.url+"/predict", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		response, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(decodeEnvelope(t, unzip(t, read(t, response))).Data), want); diff != "" || response.ProtoMajor != 2 {
			t.Error(response.Proto, diff)
		}
	}
}
