//go:build !race

// The race detector makes sync.Pool drop what it holds.

package registry_test

import (
	"testing"
	"time"

	"tagifai/internal/registry"
	"tagifai/model"
)

func TestAllocations(t *testing.T) {
	s := start(t, returns(run(t, "first"), nil), within(time.Minute))
	if allocs := testing.AllocsPerRun(100, func() {
		v, _ := s.Get(t.Context(), registry.Ref{})
		v.Predicted("", model.Answer{})
	}); allocs > 0 {
		t.Errorf("a request costs %v allocations", allocs)
	}
}
