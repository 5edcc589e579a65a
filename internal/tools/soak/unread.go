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

const (
	silentClients = 2000
	containerSize = 256 << 20
)

// unread has two thousand clients ask for large answers and read nothing, beside a steady
// load of others, with the service in a small container.
func unread(ctx context.Context, s *settings, r *report) error {
	request := load.Post(withProbabilities.target(), payload(strings.Split(strings.Repeat("a", 10_000), "")))
	return beside(ctx, s, r, silentClients, request,
		fmt.Sprintf("%d clients that send 10,000 texts, %d KB, and never read the answer", silentClients, len(request)>>10))
}

// parked has clients send all of a large body but the last byte.
func parked(ctx context.Context, s *settings, r *report) error {
	request := load.Post("/predict", []byte(strings.Repeat(" ", 8<<20)))
	return beside(ctx, s, r, 20, request[:len(request)-1], "20 clients that send 8 MiB less a byte, and wait")
}

// beside measures a load of small requests with and without other clients, who send a
// request and wait, and what the service takes for these.
func beside(ctx context.Context, s *settings, r *report, clients int, request []byte, who string) error {
	m, err := model.Default()
	if err != nil {
		return err
	}
	group, err := newCgroup(containerSize)
	if err != nil {
		return err
	}
	contained := *s
	contained.cgroup = group
	service, err := startService(ctx, &contained)
	if err != nil {
		return errors.Join(err, group.remove())
	}
	defer func() {
		service.Kill()
		if err := group.remove(); err != nil {
			r.logf("%v", err)
		}
	}()
	l := newLoad(service.addr, m, writeTexts(140, 140), tagsAlone) // 20 KB
	l.Rate, l.Conns = 200, 16

	var without, during []time.Duration
	var bad, unsent int
	var faults []string
	var sockets, machine int64
	var others silent
	ramp := s.phase(4 * time.Second)
	for range s.rounds(2) {
		t, _, err := service.measured(ctx, l, s.phase(5*time.Second))
		if err != nil {
			return err
		}
		without = append(without, t.Latencies(http.StatusOK, 0).At(.99))
		bad, faults = bad+t.Others(http.StatusOK)+t.Wrong, append(faults, t.Faults...)

		watched, stop := context.WithCancel(ctx)
		others.start(watched, service.addr, clients, request, ramp)
		others.all.Go(func() { // what the kernel holds
			for tick := time.Tick(50 * time.Millisecond); watched.Err() == nil; <-tick {
				own, err1 := group.sockets()
				all, err2 := allSockets()
				if err := errors.Join(err1, err2); err != nil {
					r.logf("%v", err)
					return
				}
				sockets, machine = max(sockets, own), max(machine, all)
			}
		})
		t, _, err = service.measured(ctx, l, ramp+s.phase(20*time.Second))
		stop()
		others.all.Wait()
		if err != nil {
			return err
		}
		during = append(during, t.Latencies(http.StatusOK, ramp).At(.99))
		bad, faults = bad+t.Others(http.StatusOK)+t.Wrong, append(faults, t.Faults...)
		r.logf("%d not answered with 200, the last after %s", t.Others(http.StatusOK), t.Recovered())
		unsent += t.Waiting + t.Late
		r.logf("99 %% within %s, before within %s", round(during[len(during)-1]), round(without[len(without)-1]))
	}
	peak, err := service.PeakMemory()
	if err != nil {
		return err
	}
	seen, err := service.metrics(ctx)
	if err != nil {
		return fmt.Errorf("the service does not live: %w", err)
	}
	factor := float64(load.Median(during)) / float64(load.Median(without))
	r.claim(who+", in a container of 256 MiB: the service lives and keeps under 200 MiB", megabytes(peak)+" at most", "200 MiB", peak < 200<<20)
	r.claim("every small request of others (20 KB, 200/s) is answered with 200, and rightly", fmt.Sprintf("%d not %s; %d not sent in time", bad, strings.Join(faults, "; "), unsent), "0", bad == 0)
	r.claim("99 % of these take at most twice as long", fmt.Sprintf("%.2f times: within %s, without the others within %s", factor, round(load.Median(during)), round(load.Median(without))), "2", factor <= 2)
	r.note("what the kernel holds for sockets", fmt.Sprintf("%s at most for the service, %s for the whole machine, its clients among it", megabytes(sockets), megabytes(machine)))
	refused := func(reason string) float64 { return seen[`tagifai_rejected_requests_total{reason="`+reason+`"}`] }
	r.note("what became of the clients", fmt.Sprintf("%d requests sent; refused for want of memory %.0f, of a turn %.0f; %.0f connections cut off as they took too little, %.0f requests sent too slowly",
		others.sent.Load(), refused("held_bytes"), refused("queue_full")+refused("queue_wait"), seen["tagifai_cut_off_connections_total"], refused("body_slow")))
	return nil
}

// silent are clients that send a request, read nothing, and send it again after some time,
// over a new connection if the old one was closed.
type silent struct {
	all  sync.WaitGroup
	sent atomic.Int64
}

func (s *silent) start(ctx context.Context, addr string, n int, request []byte, within time.Duration) {
	for i := range n {
		s.all.Go(func() {
			pause := time.NewTimer(within * time.Duration(i) / time.Duration(n)) // not all at the same moment
			defer pause.Stop()
			var c net.Conn
			defer func() {
				if c != nil {
					c.Close()
				}
			}()
			for {
				select {
				case <-pause.C:
				case <-ctx.Done():
					return
				}
				pause.Reset(10 * time.Second)
				if c == nil {
					var err error
					if c, err = net.DialTimeout("tcp", addr, load.AnswerWithin); err != nil {
						c = nil
						continue
					}
				}
				if err := c.SetWriteDeadline(time.Now().Add(5 * time.Second)); err == nil {
					if _, err = c.Write(request); err == nil {
						s.sent.Add(1)
						continue
					}
				}
				c.Close()
				c = nil
			}
		})
	}
}
