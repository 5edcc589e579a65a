package watch

import (
	"testing"
	"time"
)

// Settle sets how long a directory has to be left alone, until the test ends.
func Settle(t *testing.T, d time.Duration) {
	before := settle
	settle = d
	t.Cleanup(func() { settle = before })
}
