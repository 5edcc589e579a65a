package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const manifest = "../../../configs/kubernetes/base/deployment.yaml"

// A replica that is told to stop is noticed by its probe before it stops listening, and
// has ended before it is killed.
func TestDeployment(t *testing.T) {
	d, err := readDeployment(manifest)
	if err != nil {
		t.Fatal(err)
	}
	// The stop comes just behind a probe at the worst, and each probe takes all its time.
	if noticed := time.Duration(d.failures)*d.period + d.timeout; noticed >= d.drainDelay {
		t.Errorf("the probe may take %s to notice a stop, and the service listens for %s: %s", noticed, d.drainDelay, d)
	}
	if d.drainDelay+d.drainTimeout >= d.grace {
		t.Errorf("it may take longer to stop than its grace period: %s", d)
	}
}

// A manifest that says less, or something else, is refused.
func TestDeploymentRefused(t *testing.T) {
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"maxUnavailable: 0", "maxUnavailable: 1", "otherwise than one after another"},
		{"terminationGracePeriodSeconds: 30", "", "is missing"},
		{"failureThreshold: 2", "", "is missing"},
		{"value: 10s", "value: 10", "TAGIFAI_DRAIN_DELAY"},
	} {
		file := filepath.Join(t.TempDir(), "deployment.yaml")
		if err := os.WriteFile(file, []byte(strings.Replace(string(data), c.old, c.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readDeployment(file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want one with %q", c.old, err, c.want)
		}
	}
}
