package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/server/classify"
	"tagifai/internal/store"
	"tagifai/model"
)

// A shop is a service of a store, with its admin listener.
type shop struct {
	*service
	admin *service
	store *store.Store
	run   string // an artifact directory
}

// addVersions adds n versions to a model of the store and makes the first of them stable.
func addVersions(t *testing.T, s *store.Store, run, name string, n int) {
	t.Helper()
	for range n {
		if _, err := s.Add(t.Context(), name, run, store.Origin{Source: "/runs/first", By: "ann", Tool: "a test"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Move(t.Context(), name, store.Stable, 1, "ann"); err != nil {
		t.Fatal(err)
	}
}

// startStore serves a store with three versions of the default model.
func startStore(t *testing.T, change func(*config.Settings)) *shop {
	t.Helper()
	return startStoreWith(t, change, func(*server.Options) {})
}

// startStoreWith does so with other options.
func startStoreWith(t *testing.T, change func(*config.Settings), also func(*server.Options)) *shop {
	t.Helper()
	dir, run := t.TempDir(), filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(run, model.DefaultFS()); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	addVersions(t, st, run, "tagger", 3)
	c := settings(func(c *config.Settings) {
		c.AdminAddr, c.Models, c.DefaultModel = "127.0.0.1:0", dir, "tagger"
		if change != nil {
			change(c)
		}
	})
	logs, metrics := new(logtest.Log), prometheus.NewRegistry()
	models := registry.New(registry.Options{Source: c.Source, Tool: "a test", Log: zerolog.New(logs), Metrics: metrics, ReadArtifact: func(dir string) (*model.Artifact, error) { return model.ReadDir(dir) }})
	ctx, cancel := context.WithCancel(context.Background())
	if err := models.Start(ctx); err != nil {
		t.Fatal(err)
	}
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		models.Follow(ctx, nil)
	}()
	t.Cleanup(func() {
		cancel()
		<-followed
	})
	options := server.Options{Settings: c, Versions: models, Metrics: metrics}
	also(&options)
	s := startServing(t, options, logs)
	return &shop{s, &service{Server: s.Server, url: "http://" + s.AdminAddr(), logs: logs}, st, run}
}

const oneCNN = `{"texts":[{"text":"CNNs for image segmentation."}]}`

// answeredBy returns who has answered a request to predict, or the detail of the error.
func (s *shop) answeredBy(t *testing.T, path, body string, header http.Header) string {
	t.Helper()
	all := jsonBody.Clone()
	for key, values := range header {
		all[key] = values
	}
	e := decodeEnvelope(t, s.ask(t, http.MethodPost, path+"?include=version", all, body).body)
	if e.StatusCode != http.StatusOK {
		return fmt.Sprint(e.StatusCode, " ", string(e.Detail))
	}
	var data struct {
		Version classify.VersionName `json:"version"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data.Version.Name + ":" + data.Version.Version
}

func TestModels(t *testing.T) {
	s := startStore(t, nil)
	for i := range 5 {
		addVersions(t, s.store, s.run, fmt.Sprint("other-", i), 1)
	}
	item := func(name string) string {
		return `{"name":"` + name + `","aliases":{"stable":"1"},"default":` + fmt.Sprint(name == "tagger") + `}`
	}
	inside, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	const unknown = `"model \"tagger\" has no version 7; there are 1, 2, 3"`
	tests := []struct {
		name, path string
		status     int
		want       string // in the answer
	}{
		{"all models", "/models", 200, `{"models":[` + item("other-0") + "," + item("other-1") + "," + item("other-2") + "," + item("other-3") + "," + item("other-4") + "," + item("tagger") + `]}`},
		{"a page", "/models?limit=2", 200, `{"models":[` + item("other-0") + "," + item("other-1") + `],"next":"other-1"}`},
		{"the next page", "/models?limit=2&after=other-3", 200, `{"models":[` + item("other-4") + "," + item("tagger") + `]}`},
		{"a page after all", "/models?after=z", 200, `{"models":[]}`},
		{"no limit", "/models?limit=a", 422, `{"loc":["query","limit"],"msg":"value is not a valid integer","type":"type_error.integer"}`},
		{"a model", "/models/tagger", 200, `"versions":[{"version":"1","state":"loaded"},{"version":"2","state":"available"},{"version":"3","state":"available"}],"history":[{"time":"2`},
		{"no model", "/models/spam", 404, `there is no model \"spam\"; there are other-0, `},
		{"a version", "/models/tagger/versions/2", 200, fmt.Sprintf(`"run_id":%q,"format":"tagifai","classes":["computer-vision","mlops","natural-language-processing","other"],"ngrams":%d,`, inside.RunID(), inside.NGrams())},
		{"where it comes from", "/models/tagger/versions/2", 200, `"provenance":{"source":"/runs/first","time":"0001-01-01T00:00:00Z","tool":"a test","by":"ann"},"performance":{"overall":`},
		{"an alias in place of a version", "/models/tagger/versions/stable", 200, `"name":"tagger","version":"1"`},
		{"no version", "/models/tagger/versions/7", 404, unknown},
		{"args", "/models/tagger/versions/2/args", 200, `{"args":{`},
		{"one arg", "/models/tagger/versions/2/args/analyzer", 200, `{"analyzer":"char_wb"}`},
		{"performance", "/models/tagger/versions/2/performance?filter=overall", 200, `{"performance":{"precision":`},
		{"args of no version", "/models/tagger/versions/7/args", 404, unknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.ask(t, http.MethodGet, test.path, nil, "")
			if answer.status != test.status || !strings.Contains(answer.body, test.want) {
				t.Errorf("got %d, %s; want %d, %s", answer.status, answer.body, test.status, test.want)
			}
		})
	}
	predicts := []struct{ path, want string }{
		{"/predict", "tagger:1"},
		{"/models/tagger/predict", "tagger:1"},
		{"/models/other-1/predict", "other-1:1"},
		{"/models/tagger/versions/3/predict", "tagger:3"},
		{"/models/tagger/aliases/stable/predict", "tagger:1"},
		{"/models/tagger/versions/7/predict", "404 " + unknown},
		{"/models/tagger/aliases/next/predict", `404 "model \"tagger\" has no alias \"next\"; there is stable"`},
	}
	for _, test := range predicts {
		if diff := cmp.Diff(s.answeredBy(t, test.path, oneCNN, nil), test.want); diff != "" {
			t.Errorf("%s: %s", test.path, diff)
		}
	}
}

// The root endpoints of a store answer, to the byte, as those of a directory do.
func TestRootOfStore(t *testing.T) {
	stored, alone := startStore(t, nil), start(t, settings())
	for _, path := range []string{"/args", "/args/analyzer", "/performance", "/performance?filter=class"} {
		got := decodeEnvelope(t, stored.ask(t, http.MethodGet, path, nil, "").body)
		want := decodeEnvelope(t, alone.ask(t, http.MethodGet, path, nil, "").body)
		if diff := cmp.Diff(string(got.Data), string(want.Data)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for _, query := range []string{"", "?include=model,probabilities,scores"} {
		got := decodeEnvelope(t, stored.ask(t, http.MethodPost, "/predict"+query, jsonBody, oneCNN).body)
		want := decodeEnvelope(t, alone.ask(t, http.MethodPost, "/predict"+query, jsonBody, oneCNN).body)
		if diff := cmp.Diff(string(got.Data), string(want.Data)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if got := decodeEnvelope(t, alone.ask(t, http.MethodPost, "/models/default/predict?include=version", jsonBody, oneCNN).body); !strings.HasSuffix(string(got.Data), `"version":{"name":"default","version":"1"}}`) {
		t.Errorf("got %s", got.Data)
	}
}

// The admin listener moves names, or says why not and changes nothing.
func TestMoves(t *testing.T) {
	s := startStore(t, func(c *config.Settings) { c.MaxUploadBytes = 4 << 20 })
	broken := s.store.VersionDir("tagger", 3) + "/args.json"
	if err := os.WriteFile(broken, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string // in the answer
	}{
		{"an alias", "PUT", "/models/tagger/aliases/next", `{"version":"2"}`, 200, `"aliases":{"next":"2","stable":"1"}`},
		{"stable", "PUT", "/models/tagger/aliases/stable", `{"version":"next"}`, 200, `"what":"stable","from":"1","to":"2"}`},
		{"a version that is damaged", "PUT", "/models/tagger/aliases/stable", `{"version":"3"}`, 409, `version 3 of \"tagger\": args.json: has 2 bytes`},
		{"no version", "PUT", "/models/tagger/aliases/stable", `{"version":"9"}`, 409, `model \"tagger\" has no version 9; there are 1, 2, 3`},
		{"no model", "PUT", "/models/spam/aliases/stable", `{"version":"1"}`, 404, `there is no model \"spam\"`},
		{"no alias", "PUT", "/models/tagger/aliases/1", `{"version":"1"}`, 400, `\"1\" cannot be an alias`},
		{"no body", "PUT", "/models/tagger/aliases/stable", ``, 422, `{"loc":["body"],"msg":"field required"`},
		{"another body", "PUT", "/models/tagger/aliases/stable", `{"version":3}`, 422, `{"loc":["body","version"],"msg":"str type expected"`},
		{"a canary", "PUT", "/models/tagger/canary", `{"version":"1","percent":12.5}`, 200, `"canary":{"version":"1","percent":12.5}`},
		{"a share that cannot be", "PUT", "/models/tagger/canary", `{"version":"1","percent":120}`, 422, `{"loc":["body","percent"],"msg":"ensure this value is less than or equal to 100"`},
		{"a canary that is damaged", "PUT", "/models/tagger/canary", `{"version":"3","percent":5}`, 409, `args.json: has 2 bytes`},
		{"no canary", "DELETE", "/models/tagger/canary", ``, 200, `"what":"canary","from":"1"}`},
		{"a shadow", "PUT", "/models/tagger/shadow", `{"version":"1"}`, 200, `"shadow":{"version":"1"}`},
		{"no shadow", "DELETE", "/models/tagger/shadow", ``, 200, `"what":"shadow","from":"1"}`},
		{"an upload that is none", "POST", "/models/tagger/versions", "nothing", 400, "it is not a tar stream"},
		{"removing what is served", "DELETE", "/models/tagger/versions/2", ``, 409, `version 2 of \"tagger\" is needed: the alias next is there; the alias stable is there`},
		{"removing", "DELETE", "/models/tagger/versions/3", ``, 200, `"versions":[{"version":"1","state":"loaded"},{"version":"2","state":"loaded"}]`},
		{"removing nothing", "DELETE", "/models/tagger/versions/3", ``, 404, `has no version 3; there are 1, 2`},
		{"another method", "PATCH", "/models/tagger/canary", ``, 405, "Method Not Allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := s.admin.ask(t, test.method, test.path, http.Header{"Content-Type": {"application/json"}, "X-Forwarded-User": {"bob"}}, test.body)
			if answer.status != test.status || !strings.Contains(answer.body, test.want) {
				t.Errorf("got %d, %s; want %d, %s", answer.status, answer.body, test.status, test.want)
			}
			if public := s.ask(t, test.method, test.path, jsonBody, test.body); public.status != http.StatusNotFound && public.status != http.StatusMethodNotAllowed {
				t.Errorf("the public listener answers %d", public.status)
			}
		})
	}
	if got := s.answeredBy(t, "/predict", oneCNN, nil); got != "tagger:2" {
		t.Errorf("got %s", got)
	}
	if body := s.ask(t, http.MethodGet, "/models/tagger", nil, "").body; !strings.Contains(body, `"by":"bob","what":"next"`) {
		t.Errorf("the history does not say who it was: %s", body)
	}
}

// A version can be sent to the admin listener.
func TestUpload(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("there is no tar")
	}
	s := startStore(t, nil)
	for number, flags := range []string{"-c", "-cz"} {
		packed, err := exec.Command("tar", "-C", s.run, flags, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		answer := s.admin.ask(t, http.MethodPost, "/models/tagger/versions", nil, string(packed))
		want := fmt.Sprintf(`"data":{"name":"tagger","version":"%d"}`, number+4)
		if answer.status != http.StatusCreated || !strings.Contains(answer.body, want) || answer.header.Get("Location") != fmt.Sprintf("/models/tagger/versions/%d", number+4) {
			t.Errorf("got %d, %v: %s", answer.status, answer.header, answer.body)
		}
		if got := s.answeredBy(t, fmt.Sprintf("/models/tagger/versions/%d/predict", number+4), oneCNN, nil); got != fmt.Sprintf("tagger:%d", number+4) {
			t.Errorf("got %s", got)
		}
	}
	// One that would predict something else than its golden predictions is not added.
	wrong := filepath.Join(s.run, "golden.json")
	if err := os.WriteFile(wrong, []byte(`{"texts":["a"],"probabilities":[[0,0,0,1]]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	packed, err := exec.Command("tar", "-C", s.run, "-c", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	answer := s.admin.ask(t, http.MethodPost, "/models/tagger/versions", nil, string(packed))
	if answer.status != http.StatusConflict || !strings.Contains(answer.body, `golden.json: text 0, \"a\": probability of`) {
		t.Errorf("got %d: %s", answer.status, answer.body)
	}
	// A client that breaks off leaves nothing behind.
	request, err := http.NewRequest(http.MethodPost, s.admin.url+"/models/tagger/versions", io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), brokenReader{}))
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Errorf("half an upload got %s", response.Status)
	}
	versions := filepath.Dir(s.store.VersionDir("tagger", 1))
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		entries, err := os.ReadDir(versions)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 5 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v", entries)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A store whose aliases somebody else keeps cannot be moved from here.
func TestReadOnlyStore(t *testing.T) {
	s := startStore(t, nil)
	aliases := s.store.AliasesFile("tagger")
	elsewhere := filepath.Join(t.TempDir(), "aliases.json")
	if err := os.Rename(aliases, elsewhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, aliases); err != nil {
		t.Fatal(err)
	}
	answer := s.admin.ask(t, http.MethodPut, "/models/tagger/aliases/stable", jsonBody, `{"version":"2"}`)
	if answer.status != http.StatusConflict || !strings.Contains(answer.body, "is a link to what somebody else keeps up to date") {
		t.Errorf("got %d: %s", answer.status, answer.body)
	}
}

// The share of a canary is sticky: by the body, or by a header.
func TestCanaryOfRequests(t *testing.T) {
	s := startStore(t, func(c *config.Settings) { c.CanaryHeader = "x-user" })
	if _, err := s.store.SetCanary(t.Context(), "tagger", &store.Canary{Version: 2, Percent: 50}, "ann"); err != nil {
		t.Fatal(err)
	}
	if answer := s.admin.ask(t, http.MethodPost, "/reload", nil, ""); answer.status != http.StatusOK {
		t.Fatalf("%d: %s", answer.status, answer.body)
	}
	const n = 200
	share := func(path string, header func(int) http.Header, body func(int) string) int {
		t.Helper()
		canary := 0
		for i := range n {
			first := s.answeredBy(t, path, body(i), header(i))
			if again := s.answeredBy(t, path, body(i), header(i)); again != first {
				t.Errorf("%s answers what %s did", again, first)
			}
			if first == "tagger:2" {
				canary++
			}
		}
		return canary
	}
	none := func(int) http.Header { return nil }
	user := func(i int) http.Header { return http.Header{"X-User": {fmt.Sprint("user", i)}} }
	bodies := func(i int) string { return fmt.Sprintf(`{"texts":[{"text":"text %d"}]}`, i) }
	same := func(int) string { return oneCNN }
	tests := []struct {
		name, path string
		header     func(int) http.Header
		body       func(int) string
		least      int
		most       int
	}{
		{"different bodies", "/predict", none, bodies, 60, 140},
		{"different users", "/predict", user, same, 60, 140},
		{"different users of a model", "/models/tagger/predict", user, same, 60, 140},
		{"an alias is named", "/models/tagger/aliases/stable/predict", user, same, 0, 0},
		{"a version is named", "/models/tagger/versions/2/predict", user, same, n, n},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := share(test.path, test.header, test.body); got < test.least || got > test.most {
				t.Errorf("%d of %d got the canary", got, n)
			}
		})
	}
	if got := share("/predict", func(int) http.Header { return user(1) }, bodies); got != 0 && got != n {
		t.Errorf("%d of %d requests of one user got the canary", got, n)
	}
}

// What a request has answered, a shadow predicts as well.
func TestShadowOfRequests(t *testing.T) {
	s := startStore(t, nil)
	if answer := s.admin.ask(t, http.MethodPut, "/models/tagger/shadow", jsonBody, `{"version":"2"}`); answer.status != http.StatusOK {
		t.Fatalf("%d: %s", answer.status, answer.body)
	}
	s.answeredBy(t, "/predict", `{"texts":[{"text":"a"},{"text":"b"}]}`, nil)
	s.answeredBy(t, "/models/tagger/predict", oneCNN, nil)
	s.answeredBy(t, "/models/tagger/versions/1/predict", oneCNN, nil) // names a version
	const name = `tagifai_shadow_texts_total{agreement="same",model="tagger",version="2"}`
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if scrape(t, s.admin)[name] == "3" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %q texts, want 3", scrape(t, s.admin)[name])
		}
	}
}

// A service without a store has one model, which nobody can move.
func TestMovesWithoutStore(t *testing.T) {
	s := start(t, settings(func(c *config.Settings) { c.AdminAddr = "127.0.0.1:0" }))
	admin := &service{Server: s.Server, url: "http://" + s.AdminAddr()}
	answer := admin.ask(t, http.MethodPut, "/models/default/aliases/stable", jsonBody, `{"version":"1"}`)
	if answer.status != http.StatusConflict || !strings.Contains(answer.body, "there is one model here, and no store of models") {
		t.Errorf("got %d: %s", answer.status, answer.body)
	}
	got := string(decodeEnvelope(t, s.ask(t, http.MethodGet, "/models", nil, "").body).Data)
	if diff := cmp.Diff(got, `{"models":[{"name":"default","aliases":{"stable":"1"},"default":true}]}`); diff != "" {
		t.Error(diff)
	}
}
