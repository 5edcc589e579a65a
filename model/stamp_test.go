package model

import (
	"slices"
	"testing"
)

// TestStamps holds that answers stay the same where the stamps begin again.
func TestStamps(t *testing.T) {
	m, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	s := m.getScratch()
	for _, text := range []string{"transfer learning, learning to learn", "a a a a a a", "attention, attention, attention"} {
		want := slices.Clone(m.score(s, text))
		w := &s.walks[0]
		for i := range w.seen { // as after a text with the highest stamps
			w.seen[i] = ^uint32(0)
		}
		w.stamp = 1<<32 - stamps
		if got := m.score(s, text); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
		if w.stamp != stamps {
			t.Errorf("%q: the stamps begin at %d, want %d", text, w.stamp, stamps)
		}
	}
}
