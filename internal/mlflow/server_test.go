package mlflow_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tagifai/internal/mlflow"
	"tagifai/model"
)

// logModel logs and registers two versions of a model. It prints what the second answers
// to a text.
const logModel = `
import sys
import mlflow
import mlflow.sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline

texts = ["convolutional networks see images", "transformers read texts", "deploy and monitor models"]
for alpha in (1e-2, 1e-3):
    model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)), SGDClassifier(loss="log_loss", alpha=alpha, random_state=0))
    model.fit(texts * 3, ["vision", "language", "mlops"] * 3)
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="model", registered_model_name="tagger", input_example=texts[:2], pip_requirements=[])
mlflow.MlflowClient().set_registered_model_alias("tagger", "champion", "1")
print(repr(model.predict_proba(["a text of images"]).max()))
`

// TestServer fetches versions from an mlflow server, if there is one: once as a proxy of
// its artifacts, and once with a path to them.
func TestServer(t *testing.T) {
	command, err := exec.LookPath("mlflow")
	if err != nil {
		t.Skip("there is no mlflow in the path: only a server that says what MLflow's would is tested")
	}
	if testing.Short() {
		t.Skip("starts servers of MLflow")
	}
	for _, c := range []struct {
		name string
		args func(dir string) []string
	}{
		{"as a proxy", func(dir string) []string { return []string{"--artifacts-destination", dir} }},
		{"with a path", func(dir string) []string { return []string{"--no-serve-artifacts", "--default-artifact-root", dir} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			address := startServer(t, command, dir, c.args(filepath.Join(dir, "artifacts"))...)
			python := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(command), "python"), "-c", logModel)
			python.Dir = dir
			python.Env = append(os.Environ(), "MLFLOW_TRACKING_URI="+address, "GIT_PYTHON_REFRESH=quiet")
			python.Stderr = t.Output()
			out, err := python.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Fields(strings.TrimSpace(string(out)))
			for uri, want := range map[string]string{
				"models:/tagger@champion": "models:/tagger/1 of " + address,
				"models:/tagger/2":        "models:/tagger/2 of " + address,
				"models:/tagger/latest":   "models:/tagger/2 of " + address,
			} {
				to := t.TempDir()
				got, err := mlflow.Fetch(t.Context(), mlflow.Options{Server: address}, uri, to)
				if err != nil || got != want {
					t.Errorf("%s: got %q, %v, want %q", uri, got, err, want)
					continue
				}
				m, err := model.Open(to, mlflow.Format)
				if err != nil {
					t.Errorf("%s: %v", uri, err)
					continue
				}
				best := 0.0
				for _, p := range m.Predict("a text of images").Probabilities {
					best = max(best, p)
				}
				if got := fmt.Sprint(best); strings.HasSuffix(want, "/2") && !strings.Contains(lines[len(lines)-1], got[:12]) {
					t.Errorf("%s: got probability %s, want %s", uri, got, lines[len(lines)-1])
				}
			}
			for _, uri := range []string{"models:/tagger@best", "models:/tagger/3", "models:/other/latest"} {
				_, err := mlflow.Fetch(t.Context(), mlflow.Options{Server: address}, uri, t.TempDir())
				if err == nil {
					t.Errorf("%s: got a model", uri)
				}
				t.Log(err)
			}
		})
	}
}

// startServer starts a server and returns its address once it answers.
func startServer(t *testing.T, command, dir string, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	args = append([]string{"server", "--host", "127.0.0.1", "--port", fmt.Sprint(port), "--workers", "1", "--backend-store-uri", "sqlite:///" + filepath.Join(dir, "mlflow.db")}, args...)
	server := exec.CommandContext(ctx, command, args...)
	server.Dir = dir
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = server.Wait() // interrupted
		_ = log.Close()
	})
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	for range 240 {
		r, err := http.Get(address + "/health")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return address
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	t.Fatalf("the server does not answer: %s", text)
	return ""
}
