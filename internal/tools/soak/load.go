package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A load is many equal requests to one address.
type load struct {
	addr    string
	request []byte
	right   func(body []byte) bool // whether the body of a 200 is as it should be
	conns   int

	// rate is how many requests per second are sent by a schedule that does not wait
	// for answers, an open loop. Each connection has an equal share of the schedule. If
	// it still waits for an answer when its next request is due, or the load itself is
	// late by as much, that request is not sent, and counted.
	//
	// If rate is 0, each connection sends as soon as it has its answer, a closed loop.
	rate float64

	// total is how many requests are sent at least, in a closed loop; without it, and
	// in an open loop, sending goes on until the context ends.
	total int64

	sent *atomic.Int64 // counts what is sent in a closed loop; may be nil
}

// A record is what became of a request.
type record struct {
	sent       time.Duration // since the load began
	took       time.Duration
	status     int // 0: there was no answer
	retryAfter bool
}

// A tally is what became of a load.
type tally struct {
	records []record // in no order
	retried int      // requests sent a second time, see errUnanswered
	waiting int      // requests not sent: their connection still waited for an answer
	late    int      // requests not sent: the load itself was late
	wrong   int      // answers with a 200 and another body than expected
	lasted  time.Duration
	faults  []string // the first few, of those without an answer, or with a wrong one
}

const someFaults = 3

func (t *tally) fault(format string, args ...any) {
	if len(t.faults) < someFaults {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// run sends the requests and waits for their answers. The end of ctx ends the sending.
func (l load) run(ctx context.Context) (*tally, error) {
	workers := make([]worker, l.conns)
	for i := range workers {
		c, err := dial(l.addr)
		if err != nil {
			for _, w := range workers[:i] {
				w.conn.Close()
			}
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, l.conns, err)
		}
		workers[i] = worker{load: &l, conn: c}
	}
	if l.sent == nil {
		l.sent = new(atomic.Int64)
	}
	var all sync.WaitGroup
	begin := time.Now()
	for i := range workers {
		w := &workers[i]
		w.begin = begin
		all.Go(func() {
			if l.rate > 0 {
				w.open(ctx, i)
			} else {
				w.closed(ctx)
			}
			if w.conn != nil {
				w.conn.Close()
			}
		})
	}
	all.Wait()
	sum := tally{lasted: time.Since(begin)}
	for i := range workers {
		sum.add(&workers[i].tally)
	}
	return &sum, nil
}

func (t *tally) add(other *tally) {
	t.records = append(t.records, other.records...)
	t.retried += other.retried
	t.waiting += other.waiting
	t.late += other.late
	t.wrong += other.wrong
	t.lasted = max(t.lasted, other.lasted)
	for _, fault := range other.faults {
		t.fault("%s", fault)
	}
}

// A worker is one connection's part of a load.
type worker struct {
	load  *load
	conn  *conn // nil after an error
	begin time.Time
	tally
}

func (w *worker) closed(ctx context.Context) {
	for ctx.Err() == nil {
		if sent := w.load.sent.Add(1); w.load.total > 0 && sent > w.load.total {
			return
		}
		w.send()
	}
}

func (w *worker) open(ctx context.Context, i int) {
	// The connections take turns: this is the time between two requests of one.
	period := time.Duration(float64(w.load.conns) / w.load.rate * float64(time.Second))
	due := w.begin.Add(period * time.Duration(i) / time.Duration(w.load.conns))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		for late := time.Since(due); late >= period; late -= period {
			w.late++
			due = due.Add(period)
		}
		w.send()
		due = due.Add(period)
		for now := time.Now(); now.After(due); due = due.Add(period) {
			w.waiting++
		}
	}
}

// send sends a request, once more if the connection was closed before it, and records
// what became of it.
func (w *worker) send() {
	start := time.Now()
	a, err := w.try()
	if errors.Is(err, errUnanswered) {
		w.retried++
		a, err = w.try()
	}
	r := record{sent: start.Sub(w.begin), took: time.Since(start), status: a.status, retryAfter: a.retryAfter}
	switch {
	case err != nil:
		r.status = 0
		w.fault("after %s: %v", round(r.sent), err)
	case a.status == http.StatusOK && !w.load.right(a.body):
		w.wrong++
		w.fault("after %s: another answer than expected: %.500s", round(r.sent), a.body)
	case a.status != http.StatusOK && a.status != http.StatusServiceUnavailable:
		w.fault("after %s: %d: %.500s", round(r.sent), a.status, a.body)
	}
	w.records = append(w.records, r)
}

func (w *worker) try() (answer, error) {
	if w.conn == nil {
		c, err := dial(w.load.addr)
		if err != nil {
			return answer{}, err
		}
		w.conn = c
	}
	a, err := w.conn.do(w.load.request)
	if err != nil || a.closing {
		w.conn.Close()
		w.conn = nil
	}
	return a, err
}

// count returns how many requests got the status; 0 is none.
func (t *tally) count(status int) int {
	n := 0
	for _, r := range t.records {
		if r.status == status {
			n++
		}
	}
	return n
}

// others returns how many requests got neither of the statuses.
func (t *tally) others(statuses ...int) int {
	n := len(t.records)
	for _, status := range statuses {
		n -= t.count(status)
	}
	return n
}

// rate returns the requests per second that were answered with 200, between warmup
// after the begin and the last second's end.
func (t *tally) rate(warmup, end time.Duration) float64 {
	n := 0
	for _, r := range t.records {
		if answered := r.sent + r.took; r.status == http.StatusOK && answered >= warmup && answered < end {
			n++
		}
	}
	return float64(n) / (end - warmup).Seconds()
}

// latencies returns how long the requests with that status took that were sent from
// then on, in order.
func (t *tally) latencies(status int, from time.Duration) latencies {
	var l latencies
	for _, r := range t.records {
		if r.status == status && r.sent >= from {
			l = append(l, r.took)
		}
	}
	slices.Sort(l)
	return l
}

// latencies are in order.
type latencies []time.Duration

// at returns the quantile q, 0 if there are none.
func (l latencies) at(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	return l[min(len(l)-1, int(q*float64(len(l))))]
}

func (l latencies) max() time.Duration { return l.at(1) }

// median returns the median, the mean of the two in the middle for an even number.
func median[T time.Duration | float64 | int64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
