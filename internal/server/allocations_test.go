//go:build !race

// The race detector makes sync.Pool drop what it holds.

package server_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
)

func TestAllocations(t *testing.T) {
	const most = 6 // of which it needs 5
	for _, header := range []http.Header{nil, acceptsGzip} {
		ask, _ := predictTwoAs(t, nil, header)
		if got := testing.AllocsPerRun(200, ask); got > most {
			t.Errorf("a prediction of two texts took %v allocations, more than %d; the header has %v", got, most, header)
		}
	}
}

// A key costs no allocation.
func TestGuardAllocations(t *testing.T) {
	keys := newKeyring(t, io.Discard, prometheus.NewRegistry())
	secret := keys.key(t, "a", auth.Predict, []string{"def*"}, time.Now().Add(time.Hour))
	keys.reread()
	off, _ := predictTwo(t)
	on, _ := predictTwoAs(t, keys.guard, http.Header{"X-Api-Key": {secret}})
	if got, want := testing.AllocsPerRun(200, on), testing.AllocsPerRun(200, off); got > want {
		t.Errorf("a request with a key takes %v allocations, and without a guard %v", got, want)
	}
}
