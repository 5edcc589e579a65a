package mlflow_test

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/mlflow"
	"tagifai/model"
)

const secret = "s3cr3t"

// A tracking is a tracking server that has one model, tagger, with version 3. A test
// replaces what it says.
type tracking struct {
	answers map[string]string // by path and query
	auth    []string          // headers that came
}

const api = "/api/2.0/"

func (s *tracking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.auth = append(s.auth, r.Header.Get("Authorization"))
	path := r.URL.Path
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.Query().Encode()
	}
	answer, ok := s.answers[path]
	if !ok {
		if data, err := os.ReadFile(filepath.Join("testdata", "1.9-mlflow3-example", filepath.Base(r.URL.Path))); err == nil && strings.HasPrefix(r.URL.Path, api+"mlflow-artifacts/artifacts/1/models/m-7/") {
			_, _ = w.Write(data)
			return
		}
		answer = `404 {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "there is nothing at ` + path + `"}`
	}
	status := http.StatusOK
	if n, err := fmt.Sscanf(answer, "%d ", &status); n == 1 && err == nil {
		_, answer, _ = strings.Cut(answer, " ")
	}
	if status/100 == 3 {
		w.Header().Set("Location", answer)
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(answer))
}

const (
	aliasPath  = api + "mlflow/registered-models/alias?alias=champion&name=tagger"
	numberPath = api + "mlflow/model-versions/get?name=tagger&version=3"
	latestPath = api + "mlflow/model-versions/search?filter=name%3D%27tagger%27&max_results=1&order_by=version_number+DESC"
	placePath  = api + "mlflow/model-versions/get-download-uri?name=tagger&version=3"
	listPath   = api + "mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-7"
	filePath   = api + "mlflow-artifacts/artifacts/1/models/m-7/MLmodel"
	third      = `{"model_version": {"name": "tagger", "version": "3", "status": "READY"}}`
)

func newTracking() *tracking {
	return &tracking{answers: map[string]string{
		aliasPath:  third,
		numberPath: third,
		latestPath: `{"model_versions": [{"name": "tagger", "version": "3"}]}`,
		placePath:  `{"artifact_uri": "mlflow-artifacts:/1/models/m-7"}`,
		listPath:   `{"files": [{"path": "MLmodel", "is_dir": false, "file_size": 1}, {"path": "model.pkl", "is_dir": false}, {"path": "extra", "is_dir": true}]}`,
		api + "mlflow-artifacts/artifacts?path=1%2Fmodels%2Fm-7%2Fextra":      `{"files": [{"path": "a b%2F#.txt", "is_dir": false}]}`,
		api + "mlflow-artifacts/artifacts/1/models/m-7/extra/a b%2F#.txt":     "note",
		api + "mlflow/logged-models/m-7":                                      `{"model": {"info": {"artifact_uri": "mlflow-artifacts:/1/models/m-7"}}}`,
		api + "mlflow/registered-models/alias?alias=challenger&name=tagger":   `{"model_version": {"name": "tagger", "version": "4", "status": "PENDING_REGISTRATION"}}`,
		api + "mlflow/model-versions/get-download-uri?name=tagger&version=99": `{}`,
	}}
}

// files lists the files of a directory.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFetch(t *testing.T) {
	place, err := filepath.Abs(filepath.Join("testdata", "1.9-mlflow3-example"))
	if err != nil {
		t.Fatal(err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+secret))
	for _, c := range []struct {
		name, uri   string
		credentials mlflow.Credentials
		place       string // of the files
		auth        string // that the server gets
		want        []string
	}{
		{"an alias", "models:/tagger@champion", mlflow.Credentials{}, "", "", nil},
		{"a number", "models:/tagger/3", mlflow.Credentials{}, "", "", nil},
		{"the latest", "models:/tagger/latest", mlflow.Credentials{}, "", "", nil},
		{"with a password", "models:/tagger/3", mlflow.Credentials{Username: "me", Password: secret}, "", basic, nil},
		{"with a token", "models:/tagger/3", mlflow.Credentials{Token: secret}, "", "Bearer " + secret, nil},
		{"a password before a token", "models:/tagger/3", mlflow.Credentials{Username: "me", Password: secret, Token: "x"}, "", basic, nil},
		{"a logged model", "models:/tagger/3", mlflow.Credentials{}, "models:/m-7", "", nil},
		{"a path", "models:/tagger/3", mlflow.Credentials{}, place, "", files(t, place)},
		{"a file URI", "models:/tagger/3", mlflow.Credentials{}, "file://" + place, "", files(t, place)},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := newTracking()
			if c.place != "" {
				handler.answers[placePath] = fmt.Sprintf(`{"artifact_uri": %q}`, c.place)
			}
			server := httptest.NewServer(handler)
			defer server.Close()
			dir := t.TempDir()
			got, err := mlflow.Fetch(t.Context(), mlflow.Options{Server: server.URL, Credentials: c.credentials}, c.uri, dir)
			if err != nil {
				t.Fatal(err)
			}
			if got != "models:/tagger/3 of "+server.URL {
				t.Errorf("got version %s", got)
			}
			for _, auth := range handler.auth {
				if auth != c.auth {
					t.Errorf("got authorization %q, want %q", auth, c.auth)
				}
			}
			want := c.want
			if want == nil {
				want = []string{"MLmodel", "extra/a b%2F#.txt", "model.pkl"}
			}
			if diff := cmp.Diff(files(t, dir), want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if c.want == nil {
				return
			}
			if _, err := model.Open(dir, mlflow.Format); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFetchRefuses(t *testing.T) {
	other := newTracking()
	otherServer := httptest.NewServer(other)
	defer otherServer.Close()
	var entries []string
	many := make(map[string]string)
	for i := range 1001 {
		entries = append(entries, fmt.Sprintf(`{"path": "%d", "is_dir": true}`, i))
		many[fmt.Sprintf("%s%%2F%d", listPath, i)] = `{}`
	}
	many[listPath] = `{"files": [` + strings.Join(entries, ",") + `]}`
	listing := func(entry string) map[string]string { return map[string]string{listPath: `{"files": [` + entry + `]}`} }
	placed := func(uri string) map[string]string {
		return map[string]string{placePath: fmt.Sprintf(`{"artifact_uri": %q}`, uri)}
	}
	loop := map[string]string{listPath: `{"files": [{"path": "a", "is_dir": true}]}`}
	for i, at := 0, ""; i < 12; i++ {
		at += "%2Fa"
		loop[listPath+at] = loop[listPath]
	}
	for _, c := range []struct {
		name, uri string
		answers   map[string]string
		want      []string
	}{
		{"no URI", "tagger", nil, []string{"tagger", "models:/NAME@ALIAS"}},
		{"no version", "models:/tagger", nil, []string{"models:/tagger", "version is missing"}},
		{"a stage", "models:/tagger/Production", nil, []string{"Production", "stages"}},
		{"version 0", "models:/tagger/0", nil, []string{"models:/NAME/NUMBER"}},
		{"no alias", "models:/tagger@", nil, []string{"alias is missing"}},
		{"an unknown alias", "models:/tagger@best", nil, []string{"models:/tagger@best", "RESOURCE_DOES_NOT_EXIST"}},
		{"an unknown model", "models:/x/latest", nil, []string{"models:/x/latest", "RESOURCE_DOES_NOT_EXIST"}},
		{"a model without versions", "models:/tagger/latest", map[string]string{latestPath: `{}`}, []string{"tagger has no versions"}},
		{"a version in the making", "models:/tagger@challenger", nil, []string{"version 4 is not ready", "PENDING"}},
		{"no credentials", "models:/tagger/3", map[string]string{numberPath: "401 who are you"}, []string{"401", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_TOKEN"}},
		{"no permission", "models:/tagger/3", map[string]string{numberPath: "403 no"}, []string{"403", "MLFLOW_TRACKING_USERNAME"}},
		{"credentials that come back", "models:/tagger/3", map[string]string{numberPath: `400 {"error_code": "BAD", "message": "you sent ` + secret + `"}`}, []string{"BAD", "***"}},
		{"no server of MLflow's", "models:/tagger/3", map[string]string{numberPath: "404 <html>"}, []string{"404", "tracking server of MLflow?"}},
		{"a page", "models:/tagger/3", map[string]string{numberPath: "<html>hello"}, []string{"not what MLflow answers"}},
		{"a broken server", "models:/tagger/3", map[string]string{numberPath: "500 oops"}, []string{"500"}},
		{"an empty answer", "models:/tagger/3", map[string]string{numberPath: "{}"}, []string{"did not say which version"}},
		{"a long answer", "models:/tagger/3", map[string]string{numberPath: `"` + strings.Repeat("a", 5<<20)}, []string{"more than the"}},
		{"a redirect to another host", "models:/tagger/3", map[string]string{numberPath: "302 " + otherServer.URL + numberPath}, []string{"redirects to " + otherServer.URL, "not followed"}},
		{"redirects without an end", "models:/tagger/3", map[string]string{numberPath: "302 " + numberPath}, []string{"redirects"}},
		{"no place", "models:/tagger/3", map[string]string{placePath: `{}`}, []string{"no place"}},
		{"a bucket", "models:/tagger/3", placed("s3://bucket/models"), []string{"s3://", "--serve-artifacts", "mlflow artifacts download"}},
		{"another server", "models:/tagger/3", placed("mlflow-artifacts://" + strings.TrimPrefix(otherServer.URL, "http://") + "/1/models/m-7"), []string{"another server"}},
		{"a place that is not a path", "models:/tagger/3", placed("mlflow-artifacts:/../../x"), []string{"not a path"}},
		{"a relative path", "models:/tagger/3", placed("mlruns/1"), []string{"mlruns/1", "not a path of this machine"}},
		{"a path of another machine", "models:/tagger/3", placed("file://host/mlruns/1"), []string{"not a path of this machine"}},
		{"a path that is missing", "models:/tagger/3", placed("/nowhere/at/all"), []string{"/nowhere/at/all", "no such file"}},
		{"a path of a file", "models:/tagger/3", placed(mustAbs(t, "fetch_test.go")), []string{"not a directory"}},
		{"a path without a model", "models:/tagger/3", placed(mustAbs(t, "testdata/1.9-mlflow3-example/..")), []string{"there is no MLmodel"}},
		{"a name that leads out", "models:/tagger/3", listing(`{"path": "../x"}`), []string{"../x", "not a name"}},
		{"an absolute name", "models:/tagger/3", listing(`{"path": "/x"}`), []string{"/x", "not a name"}},
		{"a name of Windows", "models:/tagger/3", listing(`{"path": "..\\x"}`), []string{"not a name"}},
		{"a directory of itself", "models:/tagger/3", listing(`{"path": ".", "is_dir": true}`), []string{"not a name"}},
		{"no name", "models:/tagger/3", listing(`{"path": ""}`), []string{"not a name"}},
		{"a name twice", "models:/tagger/3", listing(`{"path": "MLmodel"}, {"path": "MLmodel"}`), []string{"MLmodel", "exists"}},
		{"many files", "models:/tagger/3", many, []string{"more than the 1000 files"}},
		{"deep directories", "models:/tagger/3", loop, []string{"more than 8 directories"}},
		{"no files", "models:/tagger/3", map[string]string{listPath: `{}`}, []string{"there is no MLmodel"}},
		{"a file that is missing", "models:/tagger/3", listing(`{"path": "other"}`), []string{"RESOURCE_DOES_NOT_EXIST"}},
		{"a file elsewhere", "models:/tagger/3", map[string]string{filePath: "302 " + otherServer.URL + filePath}, []string{"redirects to"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := newTracking()
			for path, answer := range c.answers {
				handler.answers[path] = answer
			}
			server := httptest.NewServer(handler)
			defer server.Close()
			parent := t.TempDir()
			dir := filepath.Join(parent, "dir")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			options := mlflow.Options{Server: server.URL, Credentials: mlflow.Credentials{Username: "me", Password: secret}}
			_, err := mlflow.Fetch(t.Context(), options, c.uri, dir)
			if err == nil {
				t.Fatal("got a model")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error %q has the password", err)
			}
			if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
				t.Errorf("beside the directory: %v, %v", entries, err)
			}
		})
	}
	if len(other.auth) > 0 {
		t.Errorf("another server was asked %d times", len(other.auth))
	}
}

func mustAbs(t testing.TB, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestServerAddress(t *testing.T) {
	for _, c := range []struct{ name, server, want string }{
		{"empty", "", "not an address"},
		{"no scheme", "127.0.0.1:5000", "not an address"},
		{"a file", "file:///tmp/mlruns", "not an address"},
		{"a database", "sqlite:///me:" + secret + "@x", "not an address"},
		{"nobody there", "http://me:" + secret + "@127.0.0.1:1", "http://127.0.0.1:1: dial tcp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mlflow.Fetch(t.Context(), mlflow.Options{Server: c.server}, "models:/tagger/3", t.TempDir())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
