package server_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"tagifai/internal/config"
	"tagifai/internal/server"
)

// mlserverDocuments are the OpenAPI documents that MLServer publishes, as its package has them.
func mlserverDocuments(t *testing.T) []*openapi3.T {
	t.Helper()
	python := clientsPython(t, "mlserver")
	dir, err := exec.Command(python, "-c", "import mlserver.rest; print(mlserver.rest.__path__[0])").Output()
	if err != nil {
		t.Fatal(err)
	}
	var documents []*openapi3.T
	for _, name := range []string{"dataplane.json", "model_repository.json"} {
		document, err := openapi3.NewLoader().LoadFromFile(filepath.Join(strings.TrimSpace(string(dir)), "openapi", name))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, document)
	}
	return documents
}

// Every answer of ours is one that MLServer's documents describe.
func TestMLServerDocuments(t *testing.T) {
	documents := mlserverDocuments(t)
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 2000 }))
	unsure := startLoading(t, newLoader(unsure(t)).load, settings())
	busy := start(t, settings(func(c *config.Settings) { c.MaxInFlight, c.MaxQueued = 1, 0 }), (*server.Server).Occupy)
	empty := startEmpty(t)
	with := func(more string) string { return strings.Replace(oipText, `{`, `{`+more+`,`, 1) }
	every := `"outputs":[{"name":"predicted_tag"},{"name":"probabilities"},{"name":"scores"},{"name":"explanation"}]`
	const (
		model   = "/v2/models/{model_name}"
		version = model + "/versions/{model_version}"
	)
	tests := []struct {
		name   string
		to     *service
		method string
		of     string // the path in the documents
		at     string // the version, or the model if none is named
		body   string
		status int
		schema string
	}{
		{"live", s, "GET", "/v2/health/live", "", "", 200, ""},
		{"ready", s, "GET", "/v2/health/ready", "", "", 200, ""},
		{"not ready", empty, "GET", "/v2/health/ready", "", "", 503, "InferenceErrorResponse"},
		{"server", s, "GET", "/v2", "", "", 200, "MetadataServerResponse"},
		{"model", s, "GET", model, "default", "", 200, "MetadataModelResponse"},
		{"model without probabilities", unsure, "GET", model, "default", "", 200, "MetadataModelResponse"},
		{"no such model", s, "GET", model, "spam", "", 404, "MetadataModelErrorResponse"},
		{"version", s, "GET", version, "stable", "", 200, "MetadataModelResponse"},
		{"no such version", s, "GET", version, "7", "", 404, "MetadataModelErrorResponse"},
		{"model ready", s, "GET", model + "/ready", "default", "", 200, ""},
		{"version ready", s, "GET", version + "/ready", "1", "", 200, ""},
		{"version not ready", empty, "GET", version + "/ready", "1", "", 503, "InferenceErrorResponse"},
		{"infer", s, "POST", model + "/infer", "default", oipText, 200, "InferenceResponse"},
		{"infer by a version", s, "POST", version + "/infer", "1", oipText, 200, "InferenceResponse"},
		{"infer without probabilities", unsure, "POST", model + "/infer", "default", oipText, 200, "InferenceResponse"},
		{"all outputs", s, "POST", model + "/infer", "default", with(every), 200, "InferenceResponse"},
		{"id and parameters", s, "POST", model + "/infer", "default", with(`"id":"1","parameters":{"content_type":"str","headers":{"a":"b"},"x":[1]}`), 200, "InferenceResponse"},
		{"classification", s, "POST", model + "/infer", "default", with(`"outputs":[{"name":"scores","parameters":{"classification":2}}]`), 200, "InferenceResponse"},
		{"infer by no model", s, "POST", model + "/infer", "spam", oipText, 404, "InferenceErrorResponse"},
		{"infer without inputs", s, "POST", version + "/infer", "1", "{}", 400, "InferenceErrorResponse"},
		{"too large", s, "POST", model + "/infer", "default", strings.Repeat(" ", 2001), 413, "InferenceErrorResponse"},
		{"busy", busy, "POST", model + "/infer", "default", oipText, 503, "InferenceErrorResponse"},
		{"index", s, "POST", "/v2/repository/index", "", "", 200, "RepositoryIndexResponse"},
		{"index of what is ready", s, "POST", "/v2/repository/index", "", `{"ready":true}`, 200, "RepositoryIndexResponse"},
	}
	tested := map[string]bool{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tested[test.of] = true
			path := strings.ReplaceAll(test.of, "{model_version}", test.at)
			if path != test.of {
				test.at = "default"
			}
			path = strings.ReplaceAll(path, "{model_name}", test.at)
			got := test.to.ask(t, test.method, path, jsonBody, test.body)
			if got.status != test.status {
				t.Fatalf("got %d, want %d: %s", got.status, test.status, got.body)
			}
			documented := false
			for _, document := range documents {
				item := document.Paths.Value(test.of)
				if item == nil || item.GetOperation(test.method) == nil {
					continue
				}
				documented = true
				var schema *openapi3.SchemaRef
				if response := item.GetOperation(test.method).Responses.Status(test.status); response != nil && response.Value.Content != nil {
					schema = response.Value.Content["application/json"].Schema
				}
				if test.schema == "" {
					if schema != nil {
						t.Errorf("the answer has the schema %s", schema.Ref)
					}
					return
				}
				named := document.Components.Schemas[test.schema]
				if schema != nil && schema.Value != named.Value {
					t.Errorf("the answer has the schema %s", schema.Ref)
				}
				var body any
				if err := json.Unmarshal([]byte(got.body), &body); err != nil {
					t.Fatal(err)
				}
				if err := named.Value.VisitJSON(body); err != nil {
					t.Errorf("%v in %s", err, got.body)
				}
			}
			if !documented {
				t.Errorf("no document has %s %s", test.method, test.of)
			}
		})
	}
	for _, document := range documents {
		for path := range document.Paths.Map() {
			others := strings.HasSuffix(path, "stream") || strings.HasSuffix(path, "/generate") || strings.HasSuffix(path, "load")
			if !others && !tested[path] {
				t.Errorf("%s is not tested", path)
			}
		}
	}
	if err := documents[0].Components.Schemas["InferenceResponse"].Value.VisitJSON(map[string]any{"model_name": "a", "outputs": []any{map[string]any{"name": "a"}}}); err == nil {
		t.Error("the documents do not say what an output has")
	}
}
