package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

// How a service is told to reload.
const (
	byRequest = "POST /reload"
	bySignal  = "SIGHUP"
	byWatch   = "--watch"
)

// reload changes the model under load, again and again, in three ways.
func reload(ctx context.Context, s *settings, r *report) error {
	first, second, damaged, err := writeModels(ctx, s)
	if err != nil {
		return err
	}
	texts := writeTexts(20, 140)
	c := changes{report: r, good: []string{first, second}, damaged: damaged}
	var data, ids []string
	for _, dir := range c.good {
		m, err := model.Open(dir)
		if err != nil {
			return err
		}
		data, ids = append(data, dataOf(m, texts, withModel)), append(ids, m.RunID())
	}
	if ids[0] == ids[1] {
		return fmt.Errorf("both models are %s", ids[0])
	}
	c.load = load.Load{
		Request: load.Post(withModel.target(), payload(texts)),
		// The answer of one of the two to the last byte, or they are mixed.
		Right: func(body []byte) bool {
			return strings.HasSuffix(string(body), data[0]) || strings.HasSuffix(string(body), data[1])
		},
		Conns: 16,
		Rate:  400,
	}

	watched := min(36, s.reloads/5)
	asked := (s.reloads - watched) / 2
	if err := c.of(ctx, s, nil, ways(byRequest, asked, bySignal, s.reloads-watched-asked)); err != nil {
		return err
	}
	if err := c.of(ctx, s, []string{"--watch"}, ways(byWatch, watched)); err != nil {
		return err
	}
	r.claim("a new model is served after each reload", fmt.Sprintf("%d reloads: %s; each took %s", c.reloads, strings.Join(c.counts, ", "), strings.Join(c.times, ", ")),
		fmt.Sprint(s.reloads), c.reloads == s.reloads)
	r.claim("no request fails, and each is answered by one model", fmt.Sprintf("%d requests: %d failed, %d wrong %s; 99 %% within %s",
		c.requests, c.failed, c.wrong, strings.Join(c.faults, "; "), strings.Join(c.p99, ", ")), "0", c.failed+c.wrong == 0)
	r.claim("a damaged model is refused, with the reason, and counted; the old one serves on", fmt.Sprintf("%d of %d; the answer: %s", c.refused, c.bad, c.reason), "all", c.refused == c.bad && c.bad > 0)
	return nil
}

// ways returns how each reload is asked for.
func ways(counts ...any) []string {
	var all []string
	for way := range slices.Chunk(counts, 2) {
		all = append(all, slices.Repeat([]string{way[0].(string)}, way[1].(int))...)
	}
	return all
}

// changes are what became of the reloads of two services.
type changes struct {
	*report
	load    load.Load
	good    []string
	damaged string

	reloads, bad, refused   int
	counts, times, p99      []string
	reason                  string
	requests, failed, wrong int
	faults                  []string
}

const oftenBad = 10 // reloads for each of a damaged model

// of starts a service, changes its model in these ways, and looks at what is left of it.
func (c *changes) of(ctx context.Context, s *settings, args, ways []string) error {
	m := &mount{dir: filepath.Join(s.dir, fmt.Sprintf("mount-%d", c.reloads))}
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		return err
	}
	if err := m.swap(c.good[0]); err != nil {
		return err
	}
	service, err := startService(ctx, s, append(args, "--model", m.dir)...)
	if err != nil {
		return err
	}
	defer service.Kill()
	before, err := service.idleGoroutines(ctx, 0)
	if err != nil {
		return err
	}

	loading, stop := context.WithCancel(ctx)
	defer stop()
	l := c.load
	l.Addr = service.addr
	type result struct {
		tally *load.Tally
		err   error
	}
	loaded := make(chan result, 1)
	go func() {
		t, err := l.Run(loading)
		loaded <- result{t, err}
	}()

	var memory []int64
	took := make(map[string][]time.Duration)
	success, failure := 0, 0
	for i, way := range ways {
		if i%oftenBad == oftenBad-1 {
			if err := m.swap(c.damaged); err != nil {
				return err
			}
			failure++
			c.bad++
			if err := c.change(ctx, service, way, damagedModel, success, failure); err != nil {
				return fmt.Errorf("a damaged model, by %s: %w", way, err)
			}
			c.refused++
		}
		if err := m.swap(c.good[(i+1)%len(c.good)]); err != nil {
			return err
		}
		success++
		begin := time.Now()
		if err := c.change(ctx, service, way, newModel, success, failure); err != nil {
			return fmt.Errorf("reload %d, by %s: %w", i+1, way, err)
		}
		took[way] = append(took[way], time.Since(begin))
		c.reloads++
		now, err := service.Memory()
		if err != nil {
			return err
		}
		memory = append(memory, now)
		select {
		case early := <-loaded:
			return fmt.Errorf("the load ended early: %w", early.err)
		default:
		}
	}
	stop()
	end := <-loaded
	if end.err != nil {
		return end.err
	}
	t := end.tally
	c.requests += len(t.Records)
	c.failed += t.Others(http.StatusOK)
	c.wrong += t.Wrong
	c.faults = append(c.faults, t.Faults...)
	c.p99 = append(c.p99, round(t.Latencies(http.StatusOK, 0).At(.99)).String())
	for _, way := range []string{byRequest, bySignal, byWatch} {
		if n := len(took[way]); n > 0 {
			c.counts = append(c.counts, fmt.Sprintf("%d by %s", n, way))
			c.times = append(c.times, round(load.Median(took[way])).String())
		}
	}

	label := strings.Join(slices.Compact(slices.Clone(ways)), ", ")
	after, err := service.idleGoroutines(ctx, before)
	if err != nil {
		return err
	}
	c.claim("no goroutine is left: "+label, fmt.Sprintf("%d, before %d", after, before), "as before", after <= before)
	const some = 10
	if len(memory) >= 3*some {
		half := len(memory) / 2
		then, between, now := load.Median(memory[some:2*some]), load.Median(memory[half:half+some]), load.Median(memory[len(memory)-some:])
		growth := float64(now)/float64(then) - 1
		c.claim("no growth in memory after the first ten reloads: "+label,
			fmt.Sprintf("%s after the first, %s half way, %s at the end, each the median of ten: %+.1f %%", megabytes(then), megabytes(between), megabytes(now), 100*growth), "10 %", growth <= .1)
	}
	return nil
}

// An outcome is what a reload finds.
type outcome int

const (
	newModel outcome = iota
	damagedModel
)

// change has the service reload, unless it watches, and waits until its metrics
// tell of so many successes and failures.
func (c *changes) change(ctx context.Context, service *service, way string, now outcome, success, failure int) error {
	switch way {
	case byRequest:
		status, body, err := ask(ctx, http.MethodPost, "http://"+service.admin+"/reload")
		if err != nil {
			return err
		}
		if good := status == http.StatusOK; good != (now == newModel) {
			return fmt.Errorf("it answered %d: %s", status, body)
		}
		if now == damagedModel {
			_, detail, _ := strings.Cut(body, `"detail":`)
			c.reason = fmt.Sprintf("%d %s", status, strings.TrimSuffix(detail, "}"))
		}
	case bySignal:
		if err := service.Signal(syscall.SIGHUP); err != nil {
			return err
		}
	}
	within, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		m, err := service.metrics(within)
		if err != nil {
			return err
		}
		got, lost := m[`tagifai_model_reloads_total{outcome="success"}`], m[`tagifai_model_reloads_total{outcome="failure"}`]
		switch {
		case got == float64(success) && lost == float64(failure):
			return nil
		case got > float64(success) || lost > float64(failure):
			return fmt.Errorf("%.0f reloads succeeded and %.0f failed; want %d and %d", got, lost, success, failure)
		}
		select {
		case <-within.Done():
			return errors.Join(fmt.Errorf("%.0f reloads have succeeded and %.0f failed; want %d and %d", got, lost, success, failure), within.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// idleGoroutines waits, for some seconds, until there are no more than so many
// goroutines besides those of connections, and returns how many there are.
func (s *service) idleGoroutines(ctx context.Context, enough int) (int, error) {
	least := 0
	for range 30 {
		status, profile, err := ask(ctx, http.MethodGet, "http://"+s.admin+"/debug/pprof/goroutine?debug=2")
		if err != nil {
			return 0, err
		}
		if status != http.StatusOK {
			return 0, fmt.Errorf("GET /debug/pprof/goroutine: %d", status)
		}
		n := goroutinesOf(profile)
		if least == 0 || n < least {
			least = n
		}
		if least <= enough {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return least, nil
}

// goroutinesOf counts the goroutines of a profile that serve no connection. The metric
// go_goroutines is no measure: each scrape starts a handful of goroutines, and counts as
// many of them as happen to be there.
func goroutinesOf(profile string) int {
	n := 0
	for stack := range strings.SplitSeq(profile, "\n\n") {
		if !strings.Contains(stack, "net/http.(*conn).serve") && !strings.Contains(stack, "net/http.(*connReader).backgroundRead") {
			n++
		}
	}
	return n
}
