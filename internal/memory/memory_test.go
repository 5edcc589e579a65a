package memory_test

import (
	"errors"
	"testing"

	"tagifai/internal/memory"
)

// What a request holds counts against the allowance until it gives it back; the first bytes
// are free, and a part is for small requests alone.
func TestResize(t *testing.T) {
	const size = 800 << 10 // 100 KiB for small requests, 700 for the others
	type step struct {
		share int // of which request
		held  int // in KiB
		err   error
		left  int64 // in KiB, afterwards
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"free bytes", []step{{0, 8, nil, 800}, {0, 9, nil, 799}, {0, 1, nil, 800}}},
		{"from small to large and back", []step{{0, 100, nil, 708}, {0, 200, nil, 608}, {0, 100, nil, 708}, {0, 0, nil, 800}}},
		{"too large for ever", []step{{0, 709, memory.ErrTooLarge, 800}, {0, 708, nil, 100}}},
		{"no room now", []step{{0, 508, nil, 300}, {1, 308, memory.ErrHeld, 300}, {0, 0, nil, 800}, {1, 308, nil, 500}}},
		{"room for the small", []step{{0, 708, nil, 100}, {1, 58, nil, 50}, {2, 129, memory.ErrHeld, 50}}},
		{"the small take of the rest", []step{{0, 108, nil, 700}, {1, 108, nil, 600}}},
		{"what fails changes nothing", []step{{0, 508, nil, 300}, {1, 108, nil, 200}, {1, 708, memory.ErrHeld, 200}, {1, 0, nil, 300}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			allowance := memory.NewAllowance(size)
			var shares [3]memory.Share
			for i, step := range test.steps {
				share := &shares[step.share]
				before := share.Held()
				if err := allowance.Resize(share, step.held<<10); !errors.Is(err, step.err) {
					t.Fatalf("step %d: got %v, want %v", i, err, step.err)
				}
				want := step.held << 10
				if step.err != nil {
					want = before
				}
				if got := share.Held(); got != want {
					t.Errorf("step %d: holds %d, want %d", i, got, want)
				}
				if got := allowance.Left() >> 10; got != step.left {
					t.Errorf("step %d: %d KiB are left, want %d", i, got, step.left)
				}
			}
		})
	}
}

func TestBuffers(t *testing.T) {
	for _, test := range []struct{ n, size int }{{0, 4 << 10}, {4 << 10, 4 << 10}, {4<<10 + 1, 8 << 10}, {1 << 20, 1 << 20}, {1<<20 + 1, 1<<20 + 1}} {
		buffer := memory.GetBuffer(test.n)
		if len(*buffer) != 0 || cap(*buffer) != test.size || memory.BufferSize(test.n) != test.size {
			t.Errorf("%d: got %d of %d, want %d", test.n, len(*buffer), cap(*buffer), test.size)
		}
		memory.PutBuffer(buffer, append(*buffer, 1))
		if again := memory.GetBuffer(test.n); len(*again) != 0 {
			t.Errorf("%d: got a buffer with %d bytes", test.n, len(*again))
		}
	}
}
