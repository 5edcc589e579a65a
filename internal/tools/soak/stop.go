package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"time"

	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

// stop stops services under load, each request of which has a connection of its own. A
// connection is answered, or refused as nobody listens any more, but never reset.
func stop(ctx context.Context, s *settings, r *report) error {
	m, err := model.Default()
	if err != nil {
		return err
	}
	stops := 50
	if s.quick {
		stops = 10
	}
	l := newLoad("", m, writeTexts(1, 60), tagsAlone)
	var all strangers
	clean, exits := 0, 0
	var ends []time.Duration
	for i := range stops {
		got, end, code, err := stopOnce(ctx, s, &l)
		if err != nil {
			return fmt.Errorf("stop %d: %w", i+1, err)
		}
		if got.reset == 0 {
			clean++
		}
		if code == 0 {
			exits++
		}
		all.add(got)
		ends = append(ends, end)
	}
	r.claim(fmt.Sprintf("of %d services stopped under load, at least nine in ten reset no connection", stops),
		fmt.Sprintf("%d; of all connections %d answered, %d refused, %d reset%s", clean, all.answered, all.refused, all.reset, all.fault),
		fmt.Sprintf("%d", stops*9/10), clean >= stops*9/10 && all.answered > 100*stops && all.refused > 0)
	r.claim("each exits with 0", fmt.Sprintf("%d of %d, within %s", exits, stops, round(slices.Max(ends))), "all", exits == stops)
	return nil
}

// strangers are connections of one request each, by what became of them.
type strangers struct {
	answered, refused, reset int
	fault                    string // of one of the reset
}

func (s *strangers) add(other strangers) {
	s.answered += other.answered
	s.refused += other.refused
	s.reset += other.reset
	if s.fault == "" {
		s.fault = other.fault
	}
}

// stopOnce starts a service, stops it in the middle of a load, and returns what became
// of the connections, how long it took to end, and its exit code.
func stopOnce(ctx context.Context, s *settings, l *load.Load) (all strangers, end time.Duration, code int, err error) {
	service, err := startService(ctx, s, "--drain-delay=100ms")
	if err != nil {
		return all, 0, 0, err
	}
	defer service.Kill()
	const clients = 16
	var each [clients]strangers
	var running sync.WaitGroup
	for i := range each {
		running.Go(func() {
			for ctx.Err() == nil && each[i].refused == 0 {
				each[i].ask(service.addr, l)
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	begin := time.Now()
	if err := service.Signal(syscall.SIGTERM); err != nil {
		return all, 0, 0, err
	}
	within, cancel := context.WithTimeout(ctx, load.AnswerWithin)
	defer cancel()
	code, err = service.Wait(within)
	end = time.Since(begin)
	service.Kill() // if it has not ended, the clients must
	running.Wait()
	for _, one := range each {
		all.add(one)
	}
	return all, end, code, err
}

// ask opens a connection and sends one request over it.
func (s *strangers) ask(addr string, l *load.Load) {
	c, err := load.Dial(addr)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		s.refused++
		return
	case err != nil:
		s.add(strangers{reset: 1, fault: fmt.Sprintf(" (%v)", err)})
		return
	}
	defer c.Close()
	a, err := c.Do(l.Request)
	switch {
	case err != nil:
		s.add(strangers{reset: 1, fault: fmt.Sprintf(" (%v)", err)})
	case a.Status != http.StatusOK || !l.Right(a.Body):
		s.add(strangers{reset: 1, fault: fmt.Sprintf(" (a %d: %.100q)", a.Status, a.Body)})
	default:
		s.answered++
	}
}
