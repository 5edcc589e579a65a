package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serve starts a server and returns its address.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// A sum is what a tally of a load comes to.
type sum struct{ OK, Busy, Bare, Others, Unanswered, Wrong, Retried, Faults int }

func sumOf(t *tally) sum {
	return sum{
		OK:         t.count(http.StatusOK),
		Busy:       t.count(http.StatusServiceUnavailable),
		Bare:       t.withoutRetryAfter(),
		Others:     t.others(0, http.StatusOK, http.StatusServiceUnavailable),
		Unanswered: t.count(0),
		Wrong:      t.wrong,
		Retried:    t.retried,
		Faults:     len(t.faults),
	}
}

// hijack ends the connection of a request, having written this.
func hijack(w http.ResponseWriter, text string) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	io.WriteString(c, text)
	c.Close()
}

// What the server does, the tally tells, request by request.
func TestTally(t *testing.T) {
	const total = 12
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, i int64) // i counts from 1
		want   sum
	}{
		{"all right", func(w http.ResponseWriter, _ int64) { io.WriteString(w, "right") }, sum{OK: total}},
		{"a large body", func(w http.ResponseWriter, _ int64) {
			w.Header().Set("Content-Length", "100005")
			io.WriteString(w, strings.Repeat(" ", 100_000)+"right")
		}, sum{OK: total}},
		{"each third busy", func(w http.ResponseWriter, i int64) {
			if i%3 == 0 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			io.WriteString(w, "right")
		}, sum{OK: 8, Busy: 4}},
		{"busy for ever", func(w http.ResponseWriter, _ int64) { w.WriteHeader(http.StatusServiceUnavailable) }, sum{Busy: total, Bare: total}},
		{"another answer", func(w http.ResponseWriter, i int64) {
			if i == 5 {
				io.WriteString(w, "wrong")
				return
			}
			io.WriteString(w, "right")
		}, sum{OK: total, Wrong: 1, Faults: 1}},
		{"failures", func(w http.ResponseWriter, i int64) {
			if i > 7 {
				w.WriteHeader(http.StatusBadGateway)
			}
			io.WriteString(w, "right")
		}, sum{OK: 7, Others: 5, Faults: someFaults}},
		{"the connection ends with each answer", func(w http.ResponseWriter, _ int64) {
			w.Header().Set("Connection", "close")
			io.WriteString(w, "right")
		}, sum{OK: total}},
		{"answers cut short", func(w http.ResponseWriter, i int64) {
			if i == 2 {
				hijack(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nri")
				return
			}
			if i == 3 {
				hijack(w, "HTTP/1.1 200 OK\r\nContent-")
				return
			}
			io.WriteString(w, "right")
		}, sum{OK: total - 2, Unanswered: 2, Faults: 2}},
		// Nobody can tell this from a connection that was idle too long, so it counts as
		// sent twice.
		{"no answer over a connection that has worked", func(w http.ResponseWriter, i int64) {
			if i == 2 {
				hijack(w, "")
				return
			}
			io.WriteString(w, "right")
		}, sum{OK: total, Retried: 1}},
		{"no answer the second time either", func(w http.ResponseWriter, i int64) {
			if i == 2 || i == 3 {
				hijack(w, "")
				return
			}
			io.WriteString(w, "right")
		}, sum{OK: total - 1, Unanswered: 1, Retried: 1, Faults: 1}},
		{"no answer over a new connection", func(w http.ResponseWriter, _ int64) { hijack(w, "") }, sum{Unanswered: total, Faults: someFaults}},
		{"no HTTP", func(w http.ResponseWriter, _ int64) { hijack(w, "SSH-2.0-OpenSSH\r\n\r\n") }, sum{Unanswered: total, Faults: someFaults}},
		{"no length", func(w http.ResponseWriter, _ int64) { hijack(w, "HTTP/1.1 200 OK\r\n\r\nright") }, sum{Unanswered: total, Faults: someFaults}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests atomic.Int64
			addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil || string(body) != "a body" || r.URL.Path != "/path" {
					t.Errorf("%s: %q, %v", r.URL, body, err)
				}
				test.answer(w, requests.Add(1))
			})
			l := load{
				addr:    addr,
				request: post("/path", []byte("a body")),
				right:   func(body []byte) bool { return strings.HasSuffix(string(body), "right") },
				conns:   1,
				total:   total,
			}
			got, err := l.run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sumOf(got), test.want); diff != "" {
				t.Error(diff, got.faults)
			}
			if got, want := requests.Load(), int64(total+test.want.Retried); got != want {
				t.Errorf("the server saw %d requests, want %d", got, want)
			}
		})
	}
}

func TestManyConnections(t *testing.T) {
	var requests atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		io.WriteString(w, "right")
	})
	l := load{addr: addr, request: post("/", nil), right: func([]byte) bool { return true }, conns: 8, total: 1000}
	got, err := l.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n != 1000 || got.count(http.StatusOK) != 1000 {
		t.Errorf("%d requests, tallied %d", n, got.count(http.StatusOK))
	}
}

// What an open loop has not sent in time is neither forgotten nor made up for.
func TestOpenLoop(t *testing.T) {
	const (
		rate   = 200 // by two connections: each sends every 10 ms
		pause  = 200 * time.Millisecond
		missed = 19
	)
	var requests atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch requests.Add(1) {
		case 3:
			time.Sleep(pause)
		case 40:
			cancel()
		}
		io.WriteString(w, "right")
	})
	l := load{addr: addr, request: post("/", nil), right: func([]byte) bool { return true }, conns: 2, rate: rate}
	got, err := l.run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.waiting < missed {
		t.Errorf("%d had to wait, want %d or more", got.waiting, missed)
	}
	if n := requests.Load(); n != int64(got.count(http.StatusOK)) {
		t.Errorf("%d requests, tallied %d", n, got.count(http.StatusOK))
	}
	all, due := float64(len(got.records)+got.waiting+got.late), rate*got.lasted.Seconds()
	if all > due+2 {
		t.Errorf("%d sent, %d waited, %d late: the schedule has %.0f", len(got.records), got.waiting, got.late, due)
	}
}

func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	addr := s.Listener.Addr().String()
	s.Close()
	if _, err := (load{addr: addr, conns: 3}).run(t.Context()); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

func TestStatistics(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	tally := tally{records: []record{
		{sent: ms(0), took: ms(500), status: 200},
		{sent: ms(100), took: ms(1), status: 503},
		{sent: ms(900), took: ms(200), status: 200}, // answered in the second second
		{sent: ms(1000), took: ms(100), status: 200},
		{sent: ms(1500), took: ms(100), status: 200},
		{sent: ms(1700), took: ms(2), status: 503, retryAfter: true},
		{sent: ms(1900), took: ms(300), status: 200},
	}, lasted: ms(2200)}
	for _, test := range []struct {
		name      string
		got, want any
	}{
		{"rate", tally.rate(0, ms(2000)), 2.0},
		{"rate after the first second", tally.rate(ms(1000), ms(2000)), 3.0},
		{"median latency", tally.latencies(200, 0).at(.5), ms(200)},
		{"longest latency", tally.latencies(200, 0).max(), ms(500)},
		{"latencies from then on", fmt.Sprint(tally.latencies(200, ms(1500))), "[100ms 300ms]"},
		{"latencies of none", tally.latencies(404, 0).at(.99), ms(0)},
		{"recovered", tally.recovered(), ms(1700)},
		{"without Retry-After", tally.withoutRetryAfter(), 1},
		{"worst second", tally.worstSecond(), 1.0},
		{"median of three", median([]float64{5, 1, 2}), 2.0},
		{"median of two", median([]int64{4, 2}), int64(3)},
		{"median of none", median([]float64{}), 0.0},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}
