package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/server"
	"tagifai/internal/server/protocols"
)

// One text, as each protocol has it.
const (
	oipText    = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["CNNs for image segmentation."]}]}`
	mlflowText = `{"inputs":["CNNs for image segmentation."]}`
)

// Each error has the status and the words that it has everywhere, in the protocol of the path.
func TestProtocolErrors(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes = 2000 }))
	busy := start(t, settings(func(c *config.Settings) { c.MaxInFlight, c.MaxQueued = 1, 0 }), (*server.Server).Occupy)
	small := start(t, settings(func(c *config.Settings) { c.MaxBodyBytes, c.MaxHeldBytes = 20000, 21000 }))
	limited := start(t, settings(func(c *config.Settings) { c.ClientTexts = 1 }))
	limited.ask(t, http.MethodPost, "/predict", jsonBody, oneText)
	broken := start(t, settings())
	broken.ask(t, http.MethodGet, "/", nil, "") // it has begun
	broken.Break()
	empty := startEmpty(t)
	many := strings.Repeat(`,"a"`, 4000)
	tests := []struct {
		name   string
		to     *service
		method string
		oip    string // path and body
		mlflow string
		status int
		code   string // of MLflow's
		words  string
	}{
		{"another method", s, "DELETE", "/v2/models/default/infer", "/invocations", 405, "BAD_REQUEST", "Method Not Allowed"},
		{"no such route", s, "GET", "/v2/nope", "/invocations/nope", 404, "ENDPOINT_NOT_FOUND", "Not Found"},
		{"too large", s, "POST", "/v2/models/default/infer " + strings.Repeat(" ", 2001), "/invocations " + strings.Repeat(" ", 2001), 413, "BAD_REQUEST", "The body is larger than the limit of 2000 bytes"},
		{"no turn", busy, "POST", "/v2/models/default/infer " + oipText, "/invocations " + mlflowText, 503, "TEMPORARILY_UNAVAILABLE", "The service is busy: try again"},
		{"more than ever fits", small, "POST", "/v2/models/default/infer " + strings.Replace(strings.Replace(oipText, `."]`, `."`+many+`]`, 1), `[1]`, `[4001]`, 1), "/invocations " + strings.Replace(mlflowText, `]`, many+`]`, 1), 413, "BAD_REQUEST", "The answer would be too large: ask for less at once"},
		{"too many texts in a minute", limited, "POST", "/v2/models/default/infer " + oipText, "/invocations " + mlflowText, 429, "REQUEST_LIMIT_EXCEEDED", "The client has too many texts predicted: try again later"},
		{"a failure", broken, "POST", "/v2/models/default/infer " + oipText, "/invocations " + mlflowText, 500, "INTERNAL_ERROR", "Internal Server Error"},
		{"no model yet", empty, "POST", "/v2/models/default/infer " + oipText, "/invocations " + mlflowText, 503, "TEMPORARILY_UNAVAILABLE", "Service Unavailable"},
		{"not ready", empty, "GET", "/v2/health/ready", "/ping", 503, "TEMPORARILY_UNAVAILABLE", "Service Unavailable"},
		{"not healthy", empty, "GET", "/v2/health/ready", "/health", 503, "TEMPORARILY_UNAVAILABLE", "Service Unavailable"},
	}
	for _, test := range tests {
		for _, of := range []string{test.oip, test.mlflow} {
			path, body, _ := strings.Cut(of, " ")
			want := marshal(t, protocols.OIPError{Error: test.words})
			if of == test.mlflow {
				want = marshal(t, protocols.MLflowError{ErrorCode: test.code, Message: test.words})
			}
			got := test.to.ask(t, test.method, path, jsonBody, body)
			if diff := cmp.Diff(got.body, want); got.status != test.status || diff != "" {
				t.Errorf("%s: %s %s: %d %s", test.name, test.method, path, got.status, diff)
			}
			if kind := got.header.Get("Content-Type"); kind != "application/json" {
				t.Errorf("%s: %s: the type is %s", test.name, path, kind)
			}
			if again := got.header.Get("Retry-After") != ""; again != (test.status == 503 || test.status == 429) {
				t.Errorf("%s: %s: Retry-After is %q", test.name, path, got.header.Get("Retry-After"))
			}
		}
	}
	for path, want := range map[string]int{"/v2": 200, "/v2/health/live": 200, "/version": 200, "/v2/models/default": 503, "/v2/models/default/ready": 503} {
		if got := empty.ask(t, http.MethodGet, path, nil, ""); got.status != want {
			t.Errorf("without a model, %s: %d %s", path, got.status, got.body)
		}
	}
}

// Who lacks a key, or the action, is told so in the protocol of the path.
func TestProtocolKeys(t *testing.T) {
	s := newGuardedShop(t, nil)
	reader := http.Header{"X-Api-Key": {s.key(t, "reader", auth.Read, nil, time.Time{})}}
	other := http.Header{"X-Api-Key": {s.key(t, "other", auth.Predict, []string{"other"}, time.Time{})}}
	predicter := http.Header{"X-Api-Key": {s.key(t, "predicter", auth.Predict, nil, time.Time{})}}
	s.reread()
	tests := []struct {
		name   string
		header http.Header
		status int
		code   string
		words  string
	}{
		{"no key", nil, 401, "UNAUTHENTICATED", "A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"},
		{"a wrong key", http.Header{"X-Api-Key": {"tagifai_wrong"}}, 401, "UNAUTHENTICATED", "The key is not known: it is mistyped, or it was revoked"},
		{"another action", reader, 403, "PERMISSION_DENIED", "The action predict is needed, which the credential does not have"},
		{"another model", other, 403, "PERMISSION_DENIED", `The credential is not for the model "tagger"`},
		{"a key", predicter, 200, "", ""},
	}
	for _, test := range tests {
		for path, body := range map[string]string{"/v2/models/tagger/infer": oipText, "/v2/models/tagger/versions/stable/infer": oipText, "/invocations": mlflowText} {
			got := serve(s.server.Handler(), http.MethodPost, path, test.header, body)
			want := marshal(t, protocols.OIPError{Error: test.words})
			if path == "/invocations" {
				want = marshal(t, protocols.MLflowError{ErrorCode: test.code, Message: test.words})
			}
			if diff := cmp.Diff(got.Body.String(), want); got.Code != test.status || test.status != 200 && diff != "" {
				t.Errorf("%s, %s: %d %s", test.name, path, got.Code, diff)
			}
			if challenged := got.Header().Get("WWW-Authenticate") != ""; challenged != (test.status != 200) {
				t.Errorf("%s, %s: it is %t that it is challenged", test.name, path, challenged)
			}
		}
	}
}

// A model without probabilities gives tags and scores, says so in its metadata, and why it
// gives nothing else.
func TestProtocolsWithoutProbabilities(t *testing.T) {
	s := startLoading(t, newLoader(unsure(t)).load, settings())
	var model protocols.OIPModel
	got := s.ask(t, http.MethodGet, "/v2/models/default", nil, "")
	if err := json.Unmarshal([]byte(got.body), &model, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	var names []string
	for _, output := range model.Outputs {
		names = append(names, output.Name)
	}
	if diff := cmp.Diff(names, []string{"predicted_tag", "scores", "explanation"}); diff != "" {
		t.Error(diff)
	}
	got = s.ask(t, http.MethodPost, "/v2/models/default/infer", jsonBody, oipText)
	want := `{"model_name":"default","model_version":"1","outputs":[{"name":"predicted_tag","datatype":"BYTES","shape":[1],"data":["computer-vision"]},{"name":"scores","datatype":"FP64","shape":[1,4],"data":[`
	if got.status != 200 || !strings.HasPrefix(got.body, want) {
		t.Errorf("%d %s", got.status, got.body)
	}
	got = s.ask(t, http.MethodPost, "/v2/models/default/infer", jsonBody, strings.Replace(oipText, `{`, `{"outputs":[{"name":"probabilities"}],`, 1))
	want = marshal(t, protocols.OIPError{Error: `outputs[0].name: is "probabilities", which is not an output of the model; its outputs: predicted_tag, scores, explanation`})
	if diff := cmp.Diff(got.body, want); got.status != 400 || diff != "" {
		t.Errorf("%d %s", got.status, diff)
	}
	got = s.ask(t, http.MethodPost, "/invocations", jsonBody, mlflowText)
	if diff := cmp.Diff(got.body, `{"predictions":["computer-vision"]}`); got.status != 200 || diff != "" {
		t.Errorf("%d %s", got.status, diff)
	}
	got = s.ask(t, http.MethodPost, "/invocations", jsonBody, strings.Replace(mlflowText, `{`, `{"params":{"predict_method":"predict_proba"},`, 1))
	want = marshal(t, protocols.MLflowError{ErrorCode: "BAD_REQUEST", Message: "params.predict_method: the model has no probabilities, as its classifier was not trained to give any"})
	if diff := cmp.Diff(got.body, want); got.status != 400 || diff != "" {
		t.Errorf("%d %s", got.status, diff)
	}
}

// Requests in other protocols are counted by their own routes, as texts that are predicted,
// and by the version of a canary that gets them.
func TestProtocolsAreCounted(t *testing.T) {
	s := startStore(t, func(c *config.Settings) { c.CanaryHeader = "X-User" })
	if got := s.admin.ask(t, http.MethodPut, "/models/tagger/canary", jsonBody, `{"version":"2","percent":100}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	user := http.Header{"X-User": {"ann"}, "Content-Type": {"application/json"}}
	for path, body := range map[string]string{"/v2/models/tagger/infer": oipText, "/v2/models/tagger/versions/1/infer": oipText, "/invocations": mlflowText} {
		if got := s.ask(t, http.MethodPost, path, user, body); got.status != 200 {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
	}
	s.ask(t, http.MethodPost, "/invocations", user, "[]")
	metrics := scrape(t, s.admin)
	const count = `http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code=`
	for name, want := range map[string]string{
		count + `"200",http_route="/v2/models/{name}/infer"}`:                             "1",
		count + `"200",http_route="/v2/models/{name}/versions/{version}/infer"}`:          "1",
		count + `"200",http_route="/invocations"}`:                                        "1",
		count + `"400",http_route="/invocations"}`:                                        "1",
		`tagifai_rejected_requests_total{reason="invalid"}`:                               "1",
		`tagifai_predicted_texts_total{model="tagger",tag="computer-vision",version="1"}`: "1",
		`tagifai_predicted_texts_total{model="tagger",tag="computer-vision",version="2"}`: "2",
	} {
		if metrics[name] != want {
			t.Errorf("%s: got %q, want %s", name, metrics[name], want)
		}
	}
}
