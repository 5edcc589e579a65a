package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/store"
)

// trackingServer is a tracking server of MLflow that has one version of one model, which
// it shows to those who know the password.
func trackingServer(t *testing.T) string {
	t.Helper()
	const api = "/api/2.0/"
	dir := filepath.Join(mlflows, "1.9-mlflow3-cloudpickle")
	version := []byte(`{"model_version": {"name": "tagger", "version": "7", "status": "READY"}}`)
	mux := http.NewServeMux()
	answer := func(path string, text []byte) {
		mux.HandleFunc(api+path, func(w http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password != "s3cr3t" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = w.Write(text)
		})
	}
	answer("mlflow/registered-models/alias", version)
	answer("mlflow/model-versions/get-download-uri", []byte(`{"artifact_uri": "mlflow-artifacts:/1"}`))
	answer("mlflow-artifacts/artifacts", []byte(`{"files": [{"path": "MLmodel"}, {"path": "model.pkl"}]}`))
	for _, name := range []string{"MLmodel", "model.pkl"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		answer("mlflow-artifacts/artifacts/1/"+name, data)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// TestAddSources adds versions from all that models add takes.
func TestAddSources(t *testing.T) {
	command, dir := inStore(t)
	address := trackingServer(t)
	const uri = "models:/tagger@champion"
	fail(t, []string{uri, "--mlflow", "MLFLOW_TRACKING_URI"}, command("add", "tagger", uri)...)
	fail(t, []string{uri, "401", "MLFLOW_TRACKING_PASSWORD"}, command("add", "tagger", uri, "--mlflow", address)...)
	fail(t, []string{"no such file"}, command("add", "tagger", filepath.Join(dir, "absent"))...)
	fail(t, []string{"model.pkl", "without a vectorizer"}, command("add", "tagger", filepath.Join(pickles, "1.2-names", "model.pkl"))...)

	succeed(t, "", command("add", "tagger", filepath.Join(pickles, "1.9-skops", "model.skops"))...)
	succeed(t, "", command("add", "tagger", filepath.Join(mlflows, "1.9-mlflow3-skops"))...)
	succeed(t, "", command("add", "tagger", filepath.Join(mlflows, "1.5-mlflow2-pickle", "MLmodel"))...)
	t.Setenv("MLFLOW_TRACKING_USERNAME", "me")
	t.Setenv("MLFLOW_TRACKING_PASSWORD", "s3cr3t")
	t.Setenv("MLFLOW_TRACKING_URI", address)
	if got, want := succeed(t, "", command("add", "tagger", uri)...), "4\n"; got != want {
		t.Errorf("got version %q, want %q", got, want)
	}
	for version, want := range map[string][]string{
		"1": {"args.json", store.ManifestFile, "model.skops"},
		"4": {"MLmodel", store.ManifestFile, "model.pkl"},
	} {
		entries, err := os.ReadDir(filepath.Join(dir, "tagger", "versions", version))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Name())
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("version %s: got -, want +:\n%s", version, diff)
		}
	}
}
