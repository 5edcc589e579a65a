package registry

import (
	"testing"
	"time"
)

// DoNotPoll leaves it to notifications to tell of changes, until the test ends.
func DoNotPoll(t *testing.T) {
	every := pollEvery
	pollEvery = time.Hour
	t.Cleanup(func() { pollEvery = every })
}
