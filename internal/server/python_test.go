package server_test

import (
	"cmp"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The clients of Triton, MLServer and KServe get what POST /predict answers. CLIENTS_PYTHON
// is a Python that has tritonclient[http], and mlserver or kserve beside it if they are to be
// tested.
func TestPythonClients(t *testing.T) {
	python := cmp.Or(os.Getenv("CLIENTS_PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import tritonclient.http.aio").CombinedOutput(); err != nil {
		if os.Getenv("CLIENTS_PYTHON") != "" {
			t.Fatalf("%s: %v\n%s", python, err, out)
		}
		t.Skip("no Python with tritonclient[http]: name one by CLIENTS_PYTHON")
	}
	s := start(t, settings())
	out, err := exec.Command(python, "testdata/clients.py", strings.TrimPrefix(s.url, "http://")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
