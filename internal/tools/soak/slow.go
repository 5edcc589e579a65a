package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

// slow has a thousand clients send a byte a second, beside a steady load of others.
func slow(ctx context.Context, s *settings, r *report) error {
	m, err := model.Default()
	if err != nil {
		return err
	}
	service, err := startService(ctx, s)
	if err != nil {
		return err
	}
	defer service.Kill()
	// What a thousand clients take of the machine they take from whoever is measured on
	// it. How much that is shows when they turn to a service that nobody else asks.
	decoy, err := startService(ctx, s)
	if err != nil {
		return err
	}
	defer decoy.Kill()
	l := newLoad(service.addr, m, writeTexts(2, 60), tagsAlone)
	l.Rate, l.Conns = 2000, 32

	phases := []struct {
		name   string
		slowAt string // the address that they turn to
		lasts  time.Duration
	}{
		{"without them", "", s.phase(3 * time.Second)},
		{"elsewhere", decoy.addr, s.phase(7 * time.Second)}, // longer than they may take for a header
		{"here", service.addr, s.phase(7 * time.Second)},
	}
	p99s := make([][]time.Duration, len(phases))
	var bad, unsent int
	var cutOff, refused int64
	var faults []string
	for range s.rounds(3) {
		for i, phase := range phases {
			clients := new(dribblers)
			ramp := s.phase(time.Second)
			if phase.slowAt != "" {
				clients.start(ctx, phase.slowAt, ramp)
			}
			t, _, err := service.measured(ctx, l, phase.lasts)
			clients.stop()
			if err != nil {
				return err
			}
			p99s[i] = append(p99s[i], t.Latencies(http.StatusOK, ramp).At(.99))
			bad += t.Others(http.StatusOK) + t.Wrong
			unsent += t.Waiting + t.Late
			faults = append(faults, t.Faults...)
			refused += clients.refused.Load()
			if phase.slowAt == service.addr {
				cutOff += clients.cutOff.Load()
			}
			r.logf("slow clients %s: 99 %% within %s", phase.name, round(p99s[i][len(p99s[i])-1]))
		}
	}
	without, elsewhere, here := load.Median(p99s[0]), load.Median(p99s[1]), load.Median(p99s[2])
	factor := float64(here) / float64(without)
	r.claim("a thousand clients that send a byte a second do not change what others get: 99 % of their requests take at most twice as long",
		fmt.Sprintf("%.2f times: within %s, without the slow ones within %s; 2000 requests/s", factor, round(here), round(without)), "2", factor <= 2)
	r.note("the same, but for what the slow ones take of the machine: before, they turn to another service on it",
		fmt.Sprintf("%.2f times: within %s, before within %s", float64(here)/float64(elsewhere), round(here), round(elsewhere)))
	r.claim("every request of the others is answered with 200, and rightly", fmt.Sprintf("%d not %s; %d not sent in time", bad, strings.Join(faults, "; "), unsent), "0", bad == 0)
	if !s.quick { // which is over before
		r.claim("slow clients are cut off", fmt.Sprintf("%d times", cutOff), "> 0", cutOff > 0)
	}
	r.claim("they are not refused a connection", fmt.Sprintf("%d times", refused), "0", refused == 0)
	peak, err := service.PeakMemory()
	if err != nil {
		return err
	}
	r.note("memory of the service", megabytes(peak)+" at most")
	return nil
}

// dribblers are a thousand slow clients: half send a header, a quarter a small body,
// and a quarter one that they say is large. They come back when they are cut off.
type dribblers struct {
	cancel          context.CancelFunc // nil before start
	all             sync.WaitGroup
	cutOff, refused atomic.Int64
}

// start has them all connected after some time.
func (d *dribblers) start(ctx context.Context, addr string, within time.Duration) {
	const (
		n      = 1000
		header = "POST /predict HTTP/1.1\r\nHost: soak\r\nX-Slow: "
		body   = "POST /predict HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{\"texts\":[{\"text\":\""
	)
	beginnings := []string{header, fmt.Sprintf(body, 1000), header, fmt.Sprintf(body, 1<<20)}
	ctx, d.cancel = context.WithCancel(ctx)
	for i := range n {
		d.all.Go(func() {
			select { // not all at the same moment
			case <-time.After(within * time.Duration(i) / n):
			case <-ctx.Done():
			}
			for ctx.Err() == nil {
				if err := dribble(ctx, addr, beginnings[i%len(beginnings)]); err != nil {
					d.refused.Add(1)
					time.Sleep(100 * time.Millisecond)
				} else if ctx.Err() == nil {
					d.cutOff.Add(1)
				}
			}
		})
	}
}

func (d *dribblers) stop() {
	if d.cancel != nil {
		d.cancel()
	}
	d.all.Wait()
}

// dribble sends the beginning of a request and then a byte a second, until the service
// has had enough or ctx ends. An error is that there was no connection.
func dribble(ctx context.Context, addr, beginning string) error {
	c, err := net.DialTimeout("tcp", addr, load.AnswerWithin)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	if _, err := c.Write([]byte(beginning)); err != nil {
		return nil // that is to be cut off
	}
	b := make([]byte, 1)
	for {
		if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return nil // ctx has ended
		}
		var timeout net.Error
		if _, err := c.Read(b); !errors.As(err, &timeout) || !timeout.Timeout() {
			return nil // an answer, or the end
		}
		if _, err := c.Write([]byte("a")); err != nil {
			return nil // that is to be cut off
		}
	}
}
