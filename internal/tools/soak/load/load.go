// Package load sends a service many requests, and tells what became of each.
package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Load is many equal requests to one address.
type Load struct {
	Addr    string
	Request []byte
	Right   func(body []byte) bool // whether the body of a 200 is as it should be
	Conns   int

	// Rate is how many requests per second are sent by a schedule that does not wait
	// for answers, an open loop. Each connection has an equal share of the schedule. If
	// it still waits for an answer when its next request is due, or the load itself is
	// late by as much, that request is not sent, and counted.
	//
	// If Rate is 0, each connection sends as soon as it has its answer, a closed loop.
	Rate float64

	// Total is how many requests are sent at least, in a closed loop; without it, and
	// in an open loop, sending goes on until the context ends.
	Total int64

	Sent *atomic.Int64 // counts what is sent in a closed loop; may be nil
}

// Run sends the requests and waits for their answers. The end of ctx ends the sending.
func (l Load) Run(ctx context.Context) (*Tally, error) {
	workers := make([]worker, l.Conns)
	for i := range workers {
		c, err := Dial(l.Addr)
		if err != nil {
			for _, w := range workers[:i] {
				w.conn.Close()
			}
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, l.Conns, err)
		}
		workers[i] = worker{load: &l, conn: c}
	}
	if l.Sent == nil {
		l.Sent = new(atomic.Int64)
	}
	var all sync.WaitGroup
	begin := time.Now()
	for i := range workers {
		w := &workers[i]
		w.begin = begin
		all.Go(func() {
			if l.Rate > 0 {
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
	sum := Tally{Lasted: time.Since(begin)}
	for i := range workers {
		sum.add(&workers[i].Tally)
	}
	return &sum, nil
}

// A worker is one connection's part of a load.
type worker struct {
	load  *Load
	conn  *Conn // nil after an error
	begin time.Time
	Tally
}

func (w *worker) closed(ctx context.Context) {
	for ctx.Err() == nil {
		if sent := w.load.Sent.Add(1); w.load.Total > 0 && sent > w.load.Total {
			return
		}
		w.send()
	}
}

func (w *worker) open(ctx context.Context, i int) {
	// The connections take turns: this is the time between two requests of one.
	period := time.Duration(float64(w.load.Conns) / w.load.Rate * float64(time.Second))
	due := w.begin.Add(period * time.Duration(i) / time.Duration(w.load.Conns))
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
			w.Late++
			due = due.Add(period)
		}
		w.send()
		due = due.Add(period)
		for now := time.Now(); now.After(due); due = due.Add(period) {
			w.Waiting++
		}
	}
}

// send sends a request, once more if the connection was closed before it, and records
// what became of it.
func (w *worker) send() {
	start := time.Now()
	a, err := w.try()
	if errors.Is(err, errUnanswered) {
		w.Retried++
		a, err = w.try()
	}
	r := Record{Sent: start.Sub(w.begin), Took: time.Since(start), Status: a.Status, RetryAfter: a.RetryAfter}
	switch {
	case err != nil:
		r.Status = 0
		w.fault("after %s: %v", r.Sent.Round(time.Millisecond), err)
	case a.Status == http.StatusOK && !w.load.Right(a.Body):
		w.Wrong++
		w.fault("after %s: another answer than expected: %.500s", r.Sent.Round(time.Millisecond), a.Body)
	case a.Status != http.StatusOK && a.Status != http.StatusServiceUnavailable:
		w.fault("after %s: %d: %.500s", r.Sent.Round(time.Millisecond), a.Status, a.Body)
	}
	w.Records = append(w.Records, r)
}

func (w *worker) try() (Answer, error) {
	if w.conn == nil {
		c, err := Dial(w.load.Addr)
		if err != nil {
			return Answer{}, err
		}
		w.conn = c
	}
	a, err := w.conn.Do(w.load.Request)
	if err != nil || a.Closing {
		w.conn.Close()
		w.conn = nil
	}
	return a, err
}
