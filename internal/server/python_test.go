package server_test

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clientsPython returns the Python that CLIENTS_PYTHON names, or any, if it has these modules;
// otherwise it skips the test.
func clientsPython(t *testing.T, modules ...string) string {
	t.Helper()
	python := cmp.Or(os.Getenv("CLIENTS_PYTHON"), "python3")
	if _, err := exec.LookPath(python); err != nil {
		t.Skipf("there is no %s", python)
	}
	out, err := exec.Command(python, "-c", "import "+strings.Join(modules, ", ")).CombinedOutput()
	switch {
	case err == nil:
		return python
	case strings.Contains(string(out), "ModuleNotFoundError"):
		t.Skipf("%s does not have %s: name a Python that does by CLIENTS_PYTHON", python, strings.Join(modules, " and "))
	}
	t.Fatalf("%s: %v\n%s", python, err, out)
	return ""
}

// The clients of other servers get what POST /predict answers, to the last bit. Each is asked
// by a process of its own, as the modules of some do not bear each other.
func TestPythonClients(t *testing.T) {
	s := start(t, settings())
	for script, modules := range map[string][]string{
		"ask_triton.py":   {"numpy", "tritonclient.http.aio"},
		"ask_mlserver.py": {"mlserver.codecs", "pandas"},
		"ask_kserve.py":   {"kserve"},
		"ask_mlflow.py":   {"mlflow.pyfunc.scoring_server.client", "numpy", "pandas", "scipy.sparse"},
	} {
		t.Run(script, func(t *testing.T) {
			python := clientsPython(t, modules...)
			out, err := exec.Command(python, filepath.Join("testdata", "clients", script), strings.TrimPrefix(s.url, "http://")).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
