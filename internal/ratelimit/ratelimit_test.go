package ratelimit_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/ratelimit"
)

// newLimiter returns a limiter with limits for up to 1000 clients.
func newLimiter(t testing.TB, rate, burst, texts int) *ratelimit.Limiter {
	t.Helper()
	l := ratelimit.New(config.Clients{ClientRate: rate, ClientBurst: burst, ClientTexts: texts, MaxClients: 1000})
	if l == nil {
		t.Fatal("there are no limits")
	}
	return l
}

func address(s string) ratelimit.Client { return ratelimit.Address(netip.MustParseAddr(s)) }

func TestNoLimits(t *testing.T) {
	if l := ratelimit.New(config.Clients{MaxClients: 10, ClientBurst: 5}); l != nil {
		t.Errorf("got %v", l)
	}
}

// What a client may send, at which time, and what it is told.
func TestLimiter(t *testing.T) {
	type step struct {
		at    time.Duration
		texts int // 0 for a request
		err   error
		wait  time.Duration
		left  string // what the header says afterwards
	}
	tests := []struct {
		name               string
		rate, burst, texts int
		policy             string
		steps              []step
	}{
		{"a rate", 2, 0, 0, `"requests";q=2;w=1`, []step{
			{0, 0, nil, 0, `"requests";r=1;t=1`},
			{0, 0, nil, 0, `"requests";r=0;t=1`},
			{0, 0, ratelimit.ErrRequests, 500 * time.Millisecond, `"requests";r=0;t=1`},
			{400 * time.Millisecond, 0, ratelimit.ErrRequests, 100 * time.Millisecond, `"requests";r=0;t=1`},
			{500 * time.Millisecond, 0, nil, 0, `"requests";r=0;t=1`},
			{time.Minute, 0, nil, 0, `"requests";r=1;t=1`},
		}},
		{"a burst", 1, 3, 0, `"requests";q=3;w=3`, []step{
			{0, 0, nil, 0, `"requests";r=2;t=1`},
			{0, 0, nil, 0, `"requests";r=1;t=2`},
			{0, 0, nil, 0, `"requests";r=0;t=3`},
			{0, 0, ratelimit.ErrRequests, time.Second, `"requests";r=0;t=3`},
			{2 * time.Second, 0, nil, 0, `"requests";r=1;t=2`},
		}},
		{"texts", 0, 0, 60, `"texts";q=60;w=60`, []step{
			{0, 0, nil, 0, `"texts";r=60;t=0`}, // requests have no limit
			{0, 50, nil, 0, `"texts";r=10;t=50`},
			{0, 20, ratelimit.ErrTexts, 10 * time.Second, `"texts";r=10;t=50`},
			{0, 10, nil, 0, `"texts";r=0;t=60`},
			{10 * time.Second, 10, nil, 0, `"texts";r=0;t=60`},
			{10 * time.Second, 61, ratelimit.ErrTooMany, 0, `"texts";r=0;t=60`},
			{time.Hour, 60, nil, 0, `"texts";r=0;t=60`},
		}},
		{"both", 10, 20, 600, `"requests";q=20;w=2, "texts";q=600;w=60`, []step{
			{0, 0, nil, 0, `"requests";r=19;t=1, "texts";r=600;t=0`},
			{0, 100, nil, 0, `"requests";r=19;t=1, "texts";r=500;t=10`},
		}},
	}
	begin := time.Now()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := newLimiter(t, test.rate, test.burst, test.texts)
			if diff := cmp.Diff(l.Policy(), test.policy); diff != "" {
				t.Error(diff)
			}
			client := address("192.0.2.1")
			for i, step := range test.steps {
				now := begin.Add(step.at)
				var err error
				if step.texts > 0 {
					err = l.Texts(client, step.texts, now)
				} else {
					err = l.Request(client, now)
				}
				if !errors.Is(err, step.err) {
					t.Fatalf("step %d: got %v, want %v", i, err, step.err)
				}
				if exceeded, ok := errors.AsType[*ratelimit.ExceededError](err); ok && (exceeded.Wait-step.wait).Abs() > time.Millisecond {
					t.Errorf("step %d: wait %s, want %s", i, exceeded.Wait, step.wait)
				}
				if diff := cmp.Diff(l.Left(client, now), step.left); diff != "" {
					t.Errorf("step %d: %s", i, diff)
				}
			}
			if err := l.Request(address("192.0.2.2"), begin); err != nil {
				t.Errorf("another client: %v", err)
			}
		})
	}
}

// Who is one client.
func TestClients(t *testing.T) {
	long := strings.Repeat("a", 300)
	tests := []struct {
		name string
		a, b ratelimit.Client
		same bool
	}{
		{"an address", address("192.0.2.1"), address("192.0.2.1"), true},
		{"another address", address("192.0.2.1"), address("192.0.2.2"), false},
		{"IPv4 in IPv6", address("192.0.2.1"), address("::ffff:192.0.2.1"), true},
		{"others of IPv4 in IPv6", address("::ffff:192.0.2.2"), address("::ffff:192.0.2.1"), false},
		{"a network of IPv6", address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::"), true},
		{"its neighbour", address("2001:db8:1:2::1"), address("2001:db8:1:3::1"), false},
		{"a zone", address("fe80::1%eth0"), address("fe80::1"), true},
		{"no address", ratelimit.Address(netip.Addr{}), ratelimit.Address(netip.Addr{}), true},
		{"a principal", ratelimit.Principal("a"), ratelimit.Principal("a"), true},
		{"another", ratelimit.Principal("a"), ratelimit.Principal("b"), false},
		{"a principal that looks like an address", ratelimit.Principal("192.0.2.1"), address("192.0.2.1"), false},
		{"a long name", ratelimit.Principal(long), ratelimit.Principal(long), true},
		{"long names that begin alike", ratelimit.Principal(long), ratelimit.Principal(long + "b"), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.a == test.b; got != test.same {
				t.Errorf("got %t", got)
			}
		})
	}
}

// Many requests at once take no more than there is.
func TestConcurrent(t *testing.T) {
	l := newLimiter(t, 1, 100, 0)
	now := time.Now()
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if l.Request(address("192.0.2.1"), now) == nil {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != 100 {
		t.Errorf("%d were allowed, want 100", got)
	}
}

// A million addresses take the memory of as many as are remembered, and who comes all the
// time is never forgotten.
func TestMillion(t *testing.T) {
	const most = 65536
	l := ratelimit.New(config.Clients{ClientRate: 1, ClientBurst: 3, ClientTexts: 60, MaxClients: most})
	heap := func() int64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before, now := heap(), time.Now()
	regular := ratelimit.Principal("regular")
	refused := 0
	for i := range addresses {
		var bytes [16]byte
		binary.BigEndian.PutUint64(bytes[:], uint64(i)) // another network each
		if err := l.Request(ratelimit.Address(netip.AddrFrom16(bytes)), now); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 && l.Request(regular, now) != nil {
			refused++
		}
	}
	if got := l.Len(); got != most {
		t.Errorf("%d clients are remembered, want %d", got, most)
	}
	took := heap() - before
	t.Logf("%d clients take %d bytes, %d each", l.Len(), took, took/most)
	if took > 640*most {
		t.Errorf("%d clients take %d bytes, more than %d", l.Len(), took, 640*most)
	}
	if refused != addresses/1000-3 {
		t.Errorf("the regular client was refused %d times, want %d", refused, addresses/1000-3)
	}
	runtime.KeepAlive(l)
}

func BenchmarkRequest(b *testing.B) {
	l := newLimiter(b, 1_000_000, 0, 1_000_000)
	client := address("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Request(client, time.Now())
	}
}
