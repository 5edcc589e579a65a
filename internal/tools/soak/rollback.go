package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tagifai/internal/store"
	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

const (
	moveEvery = 100 * time.Millisecond
	// oftenLong is after how many moves the next one waits for longer than a second, so
	// that a replica that lags by as much shows.
	oftenLong = 10
	longWait  = 1300 * time.Millisecond
)

// rollback moves stable back and forth while two replicas of one store are at full load.
func rollback(ctx context.Context, s *settings, r *report) error {
	first, second, _, err := writeModels(ctx, s)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "store")
	st, err := makeStore(ctx, dir, first, second)
	if err != nil {
		return err
	}
	texts := writeTexts(5, 140)
	c := &current{version: 1}
	for _, from := range []string{first, second} {
		m, err := model.Open(from)
		if err != nil {
			return err
		}
		c.data = append(c.data, dataOf(m, texts, withModel))
	}
	replicas := make([]*service, 2)
	results := make(chan *load.Tally, len(replicas))
	loading, stop := context.WithCancel(ctx)
	defer stop()
	defer func() {
		for _, replica := range replicas {
			if replica != nil {
				replica.Kill()
			}
		}
	}()
	for i := range replicas {
		if replicas[i], err = startService(ctx, s, "--models", dir); err != nil {
			return err
		}
	}
	for _, replica := range replicas {
		l := load.Load{Addr: replica.addr, Request: load.Post(withModel.target(), payload(texts)), Right: c.right, Conns: 8}
		go func() {
			t, err := l.Run(loading)
			if err != nil {
				t = &load.Tally{Faults: []string{err.Error()}}
			}
			results <- t
		}()
	}
	memory := make([][]int64, len(replicas))
	for i := range s.reloads {
		if err := c.move(ctx, st, 2-i%2); err != nil {
			return fmt.Errorf("move %d: %w", i+1, err)
		}
		wait := moveEvery
		if i%oftenLong == oftenLong-1 {
			wait = longWait
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		for k, replica := range replicas {
			now, err := replica.Memory()
			if err != nil {
				return err
			}
			memory[k] = append(memory[k], now)
		}
	}
	stop()
	requests, failed, wrong := 0, 0, 0
	var faults []string
	for range replicas {
		t := <-results
		requests += len(t.Records)
		failed += t.Others(http.StatusOK)
		wrong += t.Wrong
		faults = append(faults, t.Faults...)
	}
	r.claim("no request fails while stable moves", fmt.Sprintf("%d moves, %d requests at two replicas: %d failed %s", s.reloads, requests, failed, strings.Join(faults, "; ")), "0", failed == 0 && requests > 0)
	r.claim("each is answered by a version that was stable within the last second", fmt.Sprintf("%d were not; the longest after the move: %s", wrong, round(c.longest)), "0", wrong == 0)
	for k := range replicas {
		const some = 20
		if len(memory[k]) < 3*some {
			continue
		}
		then, now := load.Median(memory[k][some:2*some]), load.Median(memory[k][len(memory[k])-some:])
		growth := float64(now)/float64(then) - 1
		r.claim(fmt.Sprintf("no growth in memory of replica %d", k+1), fmt.Sprintf("%s after the first moves, %s at the end: %+.1f %%", megabytes(then), megabytes(now), 100*growth), "10 %", growth <= .1)
	}
	return nil
}

// makeStore makes a store of one model, whose versions are these directories.
func makeStore(ctx context.Context, dir string, versions ...string) (*store.Store, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	st, err := store.Open(dir, "", nil)
	if err != nil {
		return nil, err
	}
	for _, from := range versions {
		if _, err := st.Add(ctx, "soak", from, store.Origin{Source: from, Tool: "soak"}); err != nil {
			return nil, err
		}
	}
	_, err = st.Move(ctx, "soak", store.Stable, 1, "soak")
	return st, err
}

// current is which version is stable, and since when.
type current struct {
	data []string // how the answers of each version end

	mu      sync.Mutex
	version int
	moved   time.Time     // when the other one had ceased to be; zero while it is
	longest time.Duration // that an answer of the other one came after that
}

// move makes another version stable.
func (c *current) move(ctx context.Context, st *store.Store, version int) error {
	c.mu.Lock()
	c.version, c.moved = version, time.Time{}
	c.mu.Unlock()
	if _, err := st.Move(ctx, "soak", store.Stable, version, "soak"); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = time.Now()
	return nil
}

// right reports whether an answer is that of a version that is stable, or was within the
// last second.
func (c *current) right(body []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasSuffix(string(body), c.data[c.version-1]) {
		return true
	}
	if !strings.HasSuffix(string(body), c.data[2-c.version]) {
		return false
	}
	if c.moved.IsZero() {
		return true
	}
	lag := time.Since(c.moved)
	c.longest = max(c.longest, lag)
	return lag <= time.Second
}
