package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
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
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"inspect"}, strings.NewReader(""), &out, &errs); code != success || out.Len() == 0 {
		t.Errorf("got %d, %s and %s", code, out.String(), errs.String())
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
