package server_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/api"
	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/model"
)

// document is the OpenAPI document that the service serves.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(api.OpenAPI)
})

// undocumented are the routes that describe the API and are no part of it.
var undocumented = append([]string{
	"/docs", "/docs/favicon-16x16.png", "/docs/favicon-32x32.png", "/docs/page.css", "/docs/start.js",
	"/docs/swagger-ui-bundle.js", "/docs/swagger-ui-standalone-preset.js", "/docs/swagger-ui.css",
	"/favicon.ico", "/openapi.json", "/postman.json",
	"/redoc", "/redoc/page.css", "/redoc/redoc.standalone.js", "/redoc/start.js", "/try",
}, tryFiles...)

func TestDocumentHasAllRoutes(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
			if method == http.MethodGet { // the same route, and HTTP's own semantics
				documented = append(documented, http.MethodHead+" "+path)
			}
		}
	}
	for _, path := range append([]string{"/metrics"}, undocumented...) {
		documented = append(documented, http.MethodGet+" "+path, http.MethodHead+" "+path)
	}
	var routed []string
	newServer(t, server.Options{Settings: settings()}).Wrap(func(next http.Handler, routes chi.Routes) http.Handler {
		err := chi.Walk(routes, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			routed = append(routed, method+" "+documentedPath(pattern))
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return next
	})
	slices.Sort(documented)
	slices.Sort(routed)
	if diff := cmp.Diff(routed, documented); diff != "" {
		t.Error(diff)
	}
}

// startEmpty starts a service of a store that is not open yet.
func startEmpty(t *testing.T) *service {
	t.Helper()
	source := config.Source{Models: "not open", LoadTimeout: time.Minute}
	models := registry.New(registry.Options{Source: source, Metrics: prometheus.NewRegistry()})
	return startServing(t, server.Options{Settings: settings(), Versions: models}, new(logtest.Log))
}

// Every answer that the document promises can be had.
func TestDocumentIsCovered(t *testing.T) {
	t.Parallel()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, settings(func(c *config.Settings) {
		c.MaxBodyBytes = 200
		c.MaxHeaderBytes = 1 << 10
	}))
	hasty := start(t, settings(func(c *config.Settings) { c.ReadTimeout = 300 * time.Millisecond }))
	broken := start(t, settings())
	broken.ask(t, http.MethodGet, "/", nil, "") // it has begun
	broken.Break()
	nan, err := model.ParseObject([]byte(`{"x": NaN}`))
	if err != nil {
		t.Fatal(err)
	}
	nonNumbers := startLoading(t, loadWith(nan, nan), settings())
	busy := start(t, settings(func(c *config.Settings) { c.MaxInFlight = 1; c.MaxQueued = 0 }), (*server.Server).Occupy)
	table := startTable(t, writeTable(t, "default", "1", "a,Image segmentation"))
	brokenTable := startTable(t, writeTable(t, "default", "1", "a,Image segmentation"))
	brokenTable.Break()
	tooLarge := startTable(t, withLargeRow(t))
	away := startTable(t, "sqlite:"+filepath.Join(t.TempDir(), "absent"))
	stopping := start(t, settings(func(c *config.Settings) { c.DrainDelay = 3 * time.Second }))
	go func() { _ = stopping.stop() }() // the test's end looks at what it returns
	for stopping.ask(t, http.MethodGet, "/readyz", nil, "").status == http.StatusOK {
		time.Sleep(time.Millisecond)
	}
	payload, err := json.Marshal(doc.Components.Schemas["PredictPayload"].Value.Example)
	if err != nil {
		t.Fatal(err)
	}
	empty := startEmpty(t)
	post := func(header, body string) string {
		return fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s", len(body), header, body)
	}
	tests := []struct {
		to       *service
		answer   string // operation and status
		requests string
	}{
		{s, "health 200", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{empty, "health 503", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "models 200", "GET /models HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "models 422", "GET /models?limit=0 HTTP/1.1\r\nHost: a\r\n\r\n"},
		{empty, "models 503", "GET /models HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "model 200", "GET /models/default HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "model 404", "GET /models/spam HTTP/1.1\r\nHost: a\r\n\r\n"},
		{empty, "model 503", "GET /models/default HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "livez 200", "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"},
		{busy, "readyz 200", "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"},
		{stopping, "readyz 503", "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "performance 200", "GET /performance?filter=overall HTTP/1.1\r\nHost: a\r\n\r\n"},
		{nonNumbers, "performance 409", "GET /performance HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "versionDrift 200", "GET /models/default/versions/1/drift HTTP/1.1\r\nHost: a\r\n\r\n"},
		{broken, "versionDrift 500", "GET /models/default/versions/1/drift HTTP/1.1\r\nHost: a\r\n\r\n"},
		{busy, "versionDrift 503", "GET /models/default/versions/1/drift HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "versionDrift 404", "GET /models/default/versions/7/drift HTTP/1.1\r\nHost: a\r\n\r\n"},
		{broken, "performance 500", "GET /performance HTTP/1.1\r\nHost: a\r\n\r\n"},
		{busy, "performance 503", "GET /performance HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "args 200", "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"},
		{nonNumbers, "args 409", "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"},
		{broken, "args 500", "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"},
		{busy, "args 503", "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "arg 200", "GET /args/learning_rate HTTP/1.1\r\nHost: a\r\n\r\n"},
		{nonNumbers, "arg 409", "GET /args/x HTTP/1.1\r\nHost: a\r\n\r\n"},
		{broken, "arg 500", "GET /args/learning_rate HTTP/1.1\r\nHost: a\r\n\r\n"},
		{busy, "arg 503", "GET /args/learning_rate HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "predict 200", post("", string(payload))},
		{s, "predict 400", post("", "\xff")},
		{hasty, "predict 408", "POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"},
		{s, "predict 413", post("", strings.Repeat(" ", 201))},
		{s, "predict 415", post("Content-Encoding: br\r\n", "{}")},
		{s, "predict 422", post("", "{}")},
		{table, "storedPrediction 200", "GET /predictions/a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "storedPrediction 404", "GET /predictions/a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{tooLarge, "storedPrediction 413", "GET /predictions/a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{tooLarge, "storedPredictions 413", "GET /predictions?id=a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{brokenTable, "storedPrediction 500", "GET /predictions/a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{away, "storedPrediction 503", "GET /predictions/a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{table, "storedPredictions 200", "GET /predictions?id=a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{s, "storedPredictions 404", "GET /predictions?id=a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{table, "storedPredictions 422", "GET /predictions HTTP/1.1\r\nHost: a\r\n\r\n"},
		{brokenTable, "storedPredictions 500", "GET /predictions?id=a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{away, "storedPredictions 503", "GET /predictions?id=a HTTP/1.1\r\nHost: a\r\n\r\n"},
		{broken, "predict 500", post("", string(payload))},
		{busy, "predict 503", post("", string(payload))},
	}
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }
	postEmpty := func(path string) string { return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" }
	for _, row := range []struct {
		to       *service
		answer   string
		requests string
	}{
		{s, "oipInfer 404", postEmpty("/v2/models/spam/infer")},
		{s, "oipInferVersion 404", postEmpty("/v2/models/default/versions/7/infer")},
		{s, "oipServer 200", get("/v2")},
		{s, "oipLive 200", get("/v2/health/live")},
		{s, "oipReady 200", get("/v2/health/ready")},
		{stopping, "oipReady 503", get("/v2/health/ready")},
		{s, "oipIndex 200", postEmpty("/v2/repository/index")},
		{s, "oipIndex 400", "POST /v2/repository/index HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n[]"},
		{s, "oipIndex 413", "POST /v2/repository/index HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat(" ", 5000)},
		{empty, "oipIndex 503", postEmpty("/v2/repository/index")},
		{s, "oipModel 200", get("/v2/models/default")},
		{s, "oipModel 404", get("/v2/models/spam")},
		{empty, "oipModel 503", get("/v2/models/default")},
		{s, "oipVersion 200", get("/v2/models/default/versions/stable")},
		{s, "oipVersion 404", get("/v2/models/default/versions/7")},
		{empty, "oipVersion 503", get("/v2/models/default/versions/1")},
		{s, "oipModelReady 200", get("/v2/models/default/ready")},
		{s, "oipModelReady 404", get("/v2/models/spam/ready")},
		{stopping, "oipModelReady 503", get("/v2/models/default/ready")},
		{s, "oipVersionReady 200", get("/v2/models/default/versions/1/ready")},
		{s, "oipVersionReady 404", get("/v2/models/default/versions/x/ready")},
		{stopping, "oipVersionReady 503", get("/v2/models/default/versions/1/ready")},
		{s, "mlflowPing 200", get("/ping")},
		{stopping, "mlflowPing 503", get("/ping")},
		{s, "mlflowHealth 200", get("/health")},
		{stopping, "mlflowHealth 503", get("/health")},
		{s, "mlflowVersion 200", get("/version")},
	} {
		tests = slices.Insert(tests, 0, row) // before the service stops
	}
	// The routes of a version answer as those of the root do.
	const version = "/models/default/versions/1"
	below := []struct{ name, path, like, at string }{
		{"predictModel", "/models/default/predict", "predict", "/predict"},
		{"predictVersion", version + "/predict", "predict", "/predict"},
		{"predictAlias", "/models/default/aliases/stable/predict", "predict", "/predict"},
		{"versionArgs", version + "/args", "args", "/args"},
		{"versionArg", version + "/args/learning_rate", "arg", "/args/learning_rate"},
		{"versionPerformance", version + "/performance", "performance", "/performance"},
		{"modelVersion", version, "performance", "/performance"},
		{"modelStoredPrediction", "/models/default/predictions/a", "storedPrediction", "/predictions/a"},
		{"modelStoredPredictions", "/models/default/predictions", "storedPredictions", "/predictions"},
	}
	for _, of := range slices.Clone(tests) {
		for _, b := range below {
			row := of
			if name, status, _ := strings.Cut(row.answer, " "); name == b.like {
				row.answer = b.name + " " + status
				row.requests = strings.Replace(row.requests, " "+b.at, " "+b.path, 1)
				tests = append(tests, row)
			}
		}
	}
	for _, p := range []struct{ name, path, schema string }{
		{"oipInfer", "/v2/models/default/infer", "OIPInferRequest"},
		{"oipInferVersion", "/v2/models/default/versions/1/infer", "OIPInferRequest"},
		{"mlflowInvocations", "/invocations", "MLflowRequest"},
	} {
		payload, err := json.Marshal(doc.Components.Schemas[p.schema].Value.Example)
		if err != nil {
			t.Fatal(err)
		}
		post := func(header, body string) string {
			return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", p.path, len(body), header, body)
		}
		for _, row := range []struct {
			to       *service
			status   int
			requests string
		}{
			{s, 200, post("", string(payload))},
			{s, 400, post("", "{}")},
			{hasty, 408, "POST " + p.path + " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"},
			{s, 413, post("", strings.Repeat(" ", 201))},
			{s, 415, post("Content-Encoding: br\r\n", "{}")},
			{broken, 500, post("", string(payload))},
			{busy, 503, post("", string(payload))},
		} {
			of := tests[0]
			of.to, of.answer, of.requests = row.to, fmt.Sprint(p.name, " ", row.status), row.requests
			tests = append(tests, of)
		}
	}
	for _, b := range below {
		method := "GET "
		if b.like == "predict" {
			method = "POST "
		}
		missing := strings.NewReplacer("default", "spam").Replace(b.path)
		row := tests[0]
		row.to, row.answer, row.requests = s, b.name+" 404", method+missing+" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
		tests = append(tests, row)
	}
	seen := map[string]bool{}
	for _, test := range tests {
		got := test.to.raw(t, test.requests, 1)[0]
		name, _, _ := strings.Cut(test.answer, " ")
		if answer := fmt.Sprint(name, " ", got.status); answer != test.answer {
			t.Errorf("got %s, want %s: %s", answer, test.answer, got.body)
		}
		seen[test.answer] = true
	}
	large := "Host: a\r\nX-A: " + strings.Repeat("a", 8<<10) + "\r\n\r\n"
	var promised []string
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				promised = append(promised, operation.OperationID+" "+status)
			}
			// net/http's own answer, which no handler of ours sees.
			got := s.raw(t, method+" "+path+" HTTP/1.1\r\n"+large, 1)[0]
			content := doc.Components.Responses["HeaderTooLarge"].Value.Content["text/plain"]
			if got.status != http.StatusRequestHeaderFieldsTooLarge || got.body != content.Example {
				t.Errorf("got %d: %s", got.status, got.body)
			}
			seen[operation.OperationID+" 431"] = true
		}
	}
	keys := newKeyring(t, io.Discard, prometheus.NewRegistry())
	batch := keys.key(t, "batch", auth.Batch, nil, time.Time{})
	keys.reread()
	guarded := startServing(t, server.Options{Settings: settings(), Guard: keys.guard}, new(logtest.Log))
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status, header := range map[int]http.Header{http.StatusUnauthorized: nil, http.StatusForbidden: {"X-Api-Key": {batch}}} {
				if operation.Responses.Status(status) != nil {
					if got := guarded.ask(t, method, path, header, ""); got.status != status {
						t.Errorf("%s %s: got %d, want %d", method, path, got.status, status)
					}
					seen[fmt.Sprint(operation.OperationID, " ", status)] = true
				}
			}
		}
	}
	limited := start(t, settings(func(c *config.Settings) { c.ClientRate = 1 }))
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for range 3 { // a request is allowed each second
				if limited.ask(t, method, path, nil, "").status == http.StatusTooManyRequests {
					seen[operation.OperationID+" 429"] = true
					break
				}
			}
		}
	}
	slices.Sort(promised)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(seen)), promised); diff != "" {
		t.Error(diff)
	}
	t.Logf("%d answers of the document, %d of them seen", len(promised), len(seen))
}

// The example of a prediction is what the model inside predicts.
func TestDocumentExample(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(doc.Components.Schemas["PredictPayload"].Value.Example)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, settings())
	var got, want struct{ Data server.Predictions }
	answer := s.ask(t, http.MethodPost, "/predict", jsonBody, string(payload))
	if err := json.Unmarshal([]byte(answer.body), &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	example, err := json.Marshal(doc.Paths.Value("/predict").Post.Responses.Value("200").Value.Content["application/json"].Examples["two"].Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(example, &want, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}
