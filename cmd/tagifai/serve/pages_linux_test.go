package serve

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"tagifai/internal/registry"
	"tagifai/model"
)

// After the pages are forgotten, fewer are resident, and the program goes on.
func TestForgetPages(t *testing.T) {
	before := residentFile(t)
	if err := forgetPages(); err != nil {
		t.Fatal(err)
	}
	after := residentFile(t)
	if after >= before {
		t.Errorf("%d kB of files are resident, and were %d before", after, before)
	}
	if _, err := registry.Open(model.DefaultFS()); err != nil {
		t.Error(err)
	}
}

// residentFile returns how much of files is resident, in kB.
func residentFile(t *testing.T) (kB int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	if _, err := fmt.Sscanf(rest, "%d kB", &kB); err != nil {
		t.Fatal(err)
	}
	return kB
}
