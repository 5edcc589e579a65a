package server_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/server/protocols"
)

// Models and versions are the registry's, and an alias serves as a version.
func TestOIPModels(t *testing.T) {
	s := startStore(t, nil)
	addVersions(t, s.store, s.run, "other", 12)
	if _, err := s.store.Move(t.Context(), "other", "next", 11, "ann"); err != nil {
		t.Fatal(err)
	}
	// A version of another model that cannot be loaded.
	if err := os.WriteFile(s.store.VersionDir("tagger", 3)+"/args.json", []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		of    = `"platform":"tagifai","inputs":[{"name":"text","datatype":"BYTES","shape":[-1]}],`
		names = `"parameters":{"classes":["computer-vision","mlops","natural-language-processing","other"]}}`
		gives = `"outputs":[{"name":"predicted_tag","datatype":"BYTES","shape":[-1]},` +
			`{"name":"probabilities","datatype":"FP64","shape":[-1,4],` + names + `,{"name":"scores","datatype":"FP64","shape":[-1,4],` + names + `,` +
			`{"name":"explanation","datatype":"BYTES","shape":[-1]}]}`
		tagger = `{"name":"tagger","versions":["1","2","3"],` + of + gives
		other  = `{"name":"other","versions":["1","2","3","4","5","6","7","8","9","10","11","12"],` + of + gives
		spam   = `{"error":"there is no model \"spam\"; there are other, tagger"}`
		none   = `{"error":"model \"tagger\" has no version 7; there are 1, 2, 3"}`
		failed = `{"error":"version 3 of \"tagger\" cannot be served; GET /models/tagger says why"}`
		noNext = `{"error":"model \"tagger\" has no alias \"next\"; there is stable"}`
	)
	tests := []struct {
		path   string
		status int
		want   string
	}{
		{"/v2", 200, `{"name":"tagifai","version":"v1.2.3","extensions":["binary_tensor_data","classification"]}`},
		{"/v2/models/tagger", 200, tagger},
		{"/v2/models/tagger/versions/2", 200, tagger},
		{"/v2/models/tagger/versions/stable", 200, tagger},
		{"/v2/models/other", 200, other},
		{"/v2/models/other/versions/12", 200, other},
		{"/v2/models/other/versions/next", 200, other},
		{"/v2/models/spam", 404, spam},
		{"/v2/models/spam/versions/1", 404, spam},
		{"/v2/models/tagger/versions/7", 404, none},
		{"/v2/models/tagger/versions/next", 404, noNext},
		{"/v2/models/tagger/ready", 200, `{"name":"tagger","ready":true}`},
		{"/v2/models/tagger/versions/2/ready", 200, `{"name":"tagger","ready":true}`},
		{"/v2/models/other/versions/next/ready", 200, `{"name":"other","ready":true}`},
		{"/v2/models/spam/ready", 404, spam},
		{"/v2/models/tagger/versions/7/ready", 404, `{"error":"model \"tagger\" has no version 7; GET /models/tagger lists those there are"}`},
		{"/v2/models/tagger/versions/next/ready", 404, noNext},
		{"/v2/models/tagger/versions/+1/ready", 404, `{"error":"model \"tagger\" has no alias \"+1\"; there is stable"}`},
		{"/v2/models/tagger/versions/01/ready", 404, `{"error":"model \"tagger\" has no alias \"01\"; there is stable"}`},
	}
	for _, test := range tests {
		got := s.ask(t, http.MethodGet, test.path, nil, "")
		if diff := cmp.Diff(got.body, test.want); got.status != test.status || diff != "" {
			t.Errorf("%s: %d %s", test.path, got.status, diff)
		}
	}
	// Who asks for a version that cannot be loaded is told so, and then it is not ready.
	const input = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["CNNs for image segmentation."]}],"outputs":[{"name":"predicted_tag"}]}`
	for path, want := range map[string]string{
		"/v2/models/tagger/infer":                 `"model_name":"tagger","model_version":"1"`,
		"/v2/models/tagger/versions/2/infer":      `"model_name":"tagger","model_version":"2"`,
		"/v2/models/tagger/versions/stable/infer": `"model_name":"tagger","model_version":"1"`,
		"/v2/models/other/versions/next/infer":    `"model_name":"other","model_version":"11"`,
		"/v2/models/tagger/versions/3/infer":      failed,
		"/v2/models/tagger/versions/7/infer":      none,
		"/v2/models/tagger/versions/next/infer":   noNext,
		"/v2/models/spam/infer":                   spam,
	} {
		if got := s.ask(t, http.MethodPost, path, jsonBody, input); !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	got := s.ask(t, http.MethodGet, "/v2/models/tagger/versions/3/ready", nil, "")
	if got.status != http.StatusServiceUnavailable || got.body != failed || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	entry := func(name string, version int) protocols.OIPIndexEntry {
		return protocols.OIPIndexEntry{Name: name, Version: strconv.Itoa(version), State: "READY"}
	}
	var want []protocols.OIPIndexEntry
	for version := range 12 {
		want = append(want, entry("other", version+1))
	}
	want = append(want, entry("tagger", 1), entry("tagger", 2))
	for body, all := range map[string]bool{"": true, "{}": true, `{"ready":false}`: true, `{"ready":true}`: false, `{"x": [1], "ready": true}`: false} {
		var index []protocols.OIPIndexEntry
		answer := s.ask(t, http.MethodPost, "/v2/repository/index", nil, body)
		if err := json.Unmarshal([]byte(answer.body), &index, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%v in %s", err, answer.body)
		}
		if all {
			last := index[len(index)-1]
			if !strings.Contains(last.Reason, "args.json: has 2 bytes") {
				t.Errorf("%s: the reason is %q", body, last.Reason)
			}
			index[len(index)-1].Reason = ""
			last = protocols.OIPIndexEntry{Name: "tagger", Version: "3", State: "UNAVAILABLE"}
			if diff := cmp.Diff(index, append(want[:len(want):len(want)], last)); diff != "" {
				t.Errorf("%q: %s", body, diff)
			}
		} else if diff := cmp.Diff(index, want); diff != "" {
			t.Errorf("%q: %s", body, diff)
		}
	}
}

// manyModels has more models than a page of the registry's.
type manyModels struct{ server.Versions }

const howMany = 2500

func (manyModels) Models(_ context.Context, after string, limit int, include func(string) bool) (models []registry.Summary, more bool, err error) {
	for i := range howMany {
		name := fmt.Sprintf("model-%04d", i)
		if name <= after || !include(name) {
			continue
		}
		if len(models) == limit {
			return models, true, nil
		}
		models = append(models, registry.Summary{Name: name})
	}
	return models, false, nil
}

func (manyModels) Model(_ context.Context, name string) (*registry.Overview, error) {
	return &registry.Overview{Summary: registry.Summary{Name: name}, Versions: []registry.Status{{Number: 3, State: registry.Available}, {Number: 4, State: registry.Loaded}}}, nil
}

// The index has every model once, or is refused before it takes more memory than there is.
func TestOIPIndexOfMany(t *testing.T) {
	models := newRegistry(t, defaultModel, zerolog.Nop(), prometheus.NewRegistry())
	serving := func(change func(*config.Settings)) *service {
		return startServing(t, server.Options{Settings: settings(change), Versions: manyModels{models}}, new(logtest.Log))
	}
	got := serving(func(*config.Settings) {}).ask(t, http.MethodPost, "/v2/repository/index", nil, "")
	var index []protocols.OIPIndexEntry
	if err := json.Unmarshal([]byte(got.body), &index); err != nil || len(index) != 2*howMany {
		t.Fatalf("%d entries: %v", len(index), err)
	}
	for i, entry := range index {
		if want := (protocols.OIPIndexEntry{Name: fmt.Sprintf("model-%04d", i/2), Version: strconv.Itoa(3 + i%2), State: "READY"}); entry != want {
			t.Fatalf("entry %d is %+v, want %+v", i, entry, want)
		}
	}
	small := serving(func(c *config.Settings) { c.MaxBodyBytes, c.MaxHeldBytes = 64<<10, 512<<10 })
	if got := small.ask(t, http.MethodPost, "/v2/repository/index", nil, ""); got.status != http.StatusServiceUnavailable && got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %.200s", got.status, got.body)
	}
}

// With a key a client sees the models of the key, and is told of no others.
func TestOIPOfAKey(t *testing.T) {
	s := newGuardedShop(t, nil)
	key := http.Header{"X-Api-Key": {s.key(t, "tagger", auth.Read|auth.Predict, []string{"tag*"}, time.Time{})}}
	s.reread()
	const input = `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}],"outputs":[{"name":"explanation"}]}`
	tests := []struct {
		method, path, body string
		header             http.Header
		status             int
		want               string // "" is anything
	}{
		{"POST", "/v2/repository/index", "", key, 200, `[{"name":"tagger","version":"1","state":"READY","reason":""},{"name":"tagger","version":"2","state":"READY","reason":""}]`},
		{"POST", "/v2/repository/index", "", nil, 401, `{"error":"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"}`},
		{"GET", "/v2/models/tagger", "", key, 200, ""},
		{"GET", "/v2/models/other", "", key, 403, `{"error":"The credential is not for the model \"other\""}`},
		{"GET", "/v2/models/spam", "", key, 403, `{"error":"The credential is not for the model \"spam\""}`},
		{"GET", "/v2/models/tagger/versions/7", "", key, 404, `{"error":"model \"tagger\" has no version 7"}`},
		{"GET", "/v2/models/tagger", "", nil, 401, `{"error":"A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key"}`},
		{"POST", "/v2/models/tagger/infer", input, key, 403, `{"error":"The action explain is needed, which the credential does not have"}`},
		{"POST", "/v2/models/tagger/infer", strings.Replace(input, "explanation", "scores", 1), key, 200, ""},
		{"GET", "/v2/health/ready", "", nil, 200, `{"ready":true}`},
	}
	for _, test := range tests {
		got := serve(s.server.Handler(), test.method, test.path, test.header, test.body)
		if diff := cmp.Diff(got.Body.String(), test.want); got.Code != test.status || test.want != "" && diff != "" {
			t.Errorf("%s %s: %d %s %s", test.method, test.path, got.Code, got.Body, diff)
		}
	}
}
