package certificate

import (
	"testing"
	"time"
)

// Every sets how often the files are looked at, until the test ends.
func Every(t *testing.T, d time.Duration) {
	before := interval
	interval = d
	t.Cleanup(func() { interval = before })
}
