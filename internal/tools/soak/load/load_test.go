package load

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

func sumOf(t *Tally) sum {
	return sum{
		OK:         t.Count(http.StatusOK),
		Busy:       t.Count(http.StatusServiceUnavailable),
		Bare:       t.WithoutRetryAfter(),
		Others:     t.Others(0, http.StatusOK, http.StatusServiceUnavailable),
		Unanswered: t.Count(0),
		Wrong:      t.Wrong,
		Retried:    t.Retried,
		Faults:     len(t.Faults),
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
			l := Load{
				Addr:    addr,
				Request: Post("/path", []byte("a body")),
				Right:   func(body []byte) bool { return strings.HasSuffix(string(body), "right") },
				Conns:   1,
				Total:   total,
			}
			got, err := l.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sumOf(got), test.want); diff != "" {
				t.Error(diff, got.Faults)
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
	l := Load{Addr: addr, Request: Post("/", nil), Right: func([]byte) bool { return true }, Conns: 8, Total: 1000}
	got, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := requests.Load(); n != 1000 || got.Count(http.StatusOK) != 1000 {
		t.Errorf("%d requests, tallied %d", n, got.Count(http.StatusOK))
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
	l := Load{Addr: addr, Request: Post("/", nil), Right: func([]byte) bool { return true }, Conns: 2, Rate: rate}
	got, err := l.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.Waiting < missed {
		t.Errorf("%d had to wait, want %d or more", got.Waiting, missed)
	}
	if n := requests.Load(); n != int64(got.Count(http.StatusOK)) {
		t.Errorf("%d requests, tallied %d", n, got.Count(http.StatusOK))
	}
	all, due := float64(len(got.Records)+got.Waiting+got.Late), rate*got.Lasted.Seconds()
	if all > due+2 {
		t.Errorf("%d sent, %d waited, %d late: the schedule has %.0f", len(got.Records), got.Waiting, got.Late, due)
	}
}

func TestNobodyListens(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	addr := s.Listener.Addr().String()
	s.Close()
	if _, err := (Load{Addr: addr, Conns: 3}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

func TestStatistics(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	tally := Tally{Records: []Record{
		{Sent: ms(0), Took: ms(500), Status: 200},
		{Sent: ms(100), Took: ms(1), Status: 503},
		{Sent: ms(900), Took: ms(200), Status: 200}, // answered in the second second
		{Sent: ms(1000), Took: ms(100), Status: 200},
		{Sent: ms(1500), Took: ms(100), Status: 200},
		{Sent: ms(1700), Took: ms(2), Status: 503, RetryAfter: true},
		{Sent: ms(1900), Took: ms(300), Status: 200},
	}, Lasted: ms(2200)}
	for _, test := range []struct {
		name      string
		got, want any
	}{
		{"rate", tally.Rate(0, ms(2000)), 2.0},
		{"rate after the first second", tally.Rate(ms(1000), ms(2000)), 3.0},
		{"median latency", tally.Latencies(200, 0).At(.5), ms(200)},
		{"longest latency", tally.Latencies(200, 0).Max(), ms(500)},
		{"latencies from then on", fmt.Sprint(tally.Latencies(200, ms(1500))), "[100ms 300ms]"},
		{"latencies of none", tally.Latencies(404, 0).At(.99), ms(0)},
		{"recovered", tally.Recovered(), ms(1700)},
		{"without Retry-After", tally.WithoutRetryAfter(), 1},
		{"worst second", tally.WorstSecond(), 1.0},
		{"median of three", Median([]float64{5, 1, 2}), 2.0},
		{"median of two", Median([]int64{4, 2}), int64(3)},
		{"median of none", Median([]float64{}), 0.0},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}
