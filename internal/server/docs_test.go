package server_test

import (
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
	for page, files := range map[string]int{"/docs": 8, "/redoc": 5, "/try": 8} {
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
	want := []string{"3.0.3", "TagIfAI - Made With ML", "Classify machine learning projects.", "0.1", "Prediction", "General", "Performance", "Arguments", "Models", "Open Inference Protocol", "MLflow"}
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
		"/predictions": "Get the stored predictions for many ids.", "/predictions/{id}": "Get the stored prediction for an id.",
		"/models/{name}/predictions": "Get the stored predictions of a model for many ids.", "/models/{name}/predictions/{id}": "Get the stored prediction of a model for an id.",
		"/models": "List the models.", "/models/{name}": "Show a model.",
		"/models/{name}/predict": "Predict tags by a model.", "/models/{name}/aliases/{alias}/predict": "Predict tags by the version that an alias stands for.",
		"/models/{name}/versions/{version}": "Show a version of a model.", "/models/{name}/versions/{version}/predict": "Predict tags by a version of a model.",
		"/models/{name}/versions/{version}/args": "Get all arguments of a version.", "/models/{name}/versions/{version}/args/{arg}": "Get one argument of a version.",
		"/models/{name}/versions/{version}/performance": "Get the performance metrics of a version.",
		"/v2": "Show the service.", "/v2/health/live": "Is the process alive?", "/v2/health/ready": "Is the service ready?",
		"/v2/repository/index": "List the versions of all models.",
		"/v2/models/{name}":    "Show what a model takes and gives.", "/v2/models/{name}/versions/{version}": "Show what a version of a model takes and gives.",
		"/v2/models/{name}/ready": "Is a model ready?", "/v2/models/{name}/versions/{version}/ready": "Is a version of a model ready?",
		"/v2/models/{name}/infer": "Predict tags by a model.", "/v2/models/{name}/versions/{version}/infer": "Predict tags by a version of a model.",
		"/ping": "Is the service ready?", "/health": "Is the service ready?", "/version": "Show the version of the service.", "/invocations": "Predict tags by the default model.",
		"/models/{name}/versions/{version}/drift": "Compare what a version predicted with its baseline.",
	}
	if diff := cmp.Diff(summaries, wantSummaries); diff != "" {
		t.Error(diff)
	}
}
