package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tagifai/internal/tools/process"
	"tagifai/model"
)

// overload offers the service ten times what it can carry.
func overload(ctx context.Context, s *settings, r *report) error {
	m, err := model.Default()
	if err != nil {
		return err
	}
	o := overloaded{settings: s, report: r}
	if o.service, err = startService(ctx, s); err != nil {
		return err
	}
	defer o.Kill()
	// To refuse a request costs what receiving and answering any costs, so the work in
	// these has to be much more than that, also for each byte: to receive ten times what
	// one can work on takes a third of the machine where a byte is only 20 ns of work.
	if err := o.heavy(ctx, newLoad(o.addr, m, writeTexts(heavyTexts, 140), withProbabilities)); err != nil {
		return err
	}
	if err := o.light(ctx, newLoad(o.addr, m, writeTexts(2, 60), tagsAlone)); err != nil {
		return err
	}
	peak, err := o.PeakMemory()
	if err != nil {
		return err
	}
	const bound = 150e6
	r.claim("memory of the service stays under 150 MB", megabytes(peak)+" at most", "150 MB", peak < bound)
	code, err := o.Stop(20 * time.Second)
	if err == nil && code != 0 {
		err = fmt.Errorf("the service ended with exit code %d", code)
	}
	return err
}

const heavyTexts = 500 // of a request: some milliseconds of work

func newLoad(addr string, m *model.Model, texts []string, with include) load {
	data := dataOf(m, texts, with)
	return load{
		addr:    addr,
		request: post(with.target(), payload(texts)),
		right:   func(body []byte) bool { return strings.HasSuffix(string(body), data) },
	}
}

type overloaded struct {
	*settings
	*report
	*service
}

// heavy offers ten times the best rate on a schedule that does not wait.
func (o *overloaded) heavy(ctx context.Context, l load) error {
	l, err := o.saturate(ctx, l, 2, 4, 8, 16, 32)
	if err != nil {
		return err
	}
	var (
		best, bestOfRest, under                []float64
		kept, keptOfAll, perCPU                []float64 // shares of the same round
		offered, sent, loadBest, loadUnder     []float64
		serviceUnder                           []float64
		p99, highest, recovery, before, behind []time.Duration
		refused, served, unanswered, bare      int
		waiting, late, wrong                   int
		faults                                 []string
	)
	// Many short rounds, and shares of the same round: others may use the machine too.
	warmup, phase := o.phase(500*time.Millisecond), o.phase(2500*time.Millisecond)
	for range o.rounds(5) {
		undisturbed, u, err := o.measured(ctx, l, phase)
		if err != nil {
			return err
		}
		most := undisturbed.rate(warmup, phase)
		best, loadBest = append(best, most), append(loadBest, u.load)
		servedPerCPU := float64(undisturbed.count(http.StatusOK)) / u.cpu.Seconds()

		normal := l
		normal.rate, normal.conns = most*0.3, 16
		calm, _, err := o.measured(ctx, normal, o.phase(time.Second))
		if err != nil {
			return err
		}
		before = append(before, calm.latencies(http.StatusOK, 0).at(.99))

		ten := l
		// Each connection sends once in 150 ms, so that one that is answered within
		// 100 ms keeps to its schedule.
		ten.rate, ten.conns = most*10, int(most*10*.15)
		t, u, err := o.measured(ctx, ten, phase)
		if err != nil {
			return err
		}
		under = append(under, t.rate(warmup, phase))
		perCPU = append(perCPU, float64(t.count(http.StatusOK))/u.cpu.Seconds()/servedPerCPU)
		loadUnder, serviceUnder = append(loadUnder, u.load), append(serviceUnder, u.service)
		offered = append(offered, ten.rate)
		sent = append(sent, float64(len(t.records))/phase.Seconds())
		busy := t.latencies(http.StatusServiceUnavailable, 0)
		p99, highest = append(p99, busy.at(.99)), append(highest, busy.max())
		refused, served = refused+len(busy), served+t.count(http.StatusOK)
		unanswered += t.others(http.StatusOK, http.StatusServiceUnavailable)
		waiting, late, wrong = waiting+t.waiting, late+t.late, wrong+t.wrong
		bare += t.withoutRetryAfter()
		faults = append(faults, t.faults...)

		after, _, err := o.measured(ctx, normal, o.phase(2*time.Second))
		if err != nil {
			return err
		}
		recovery = append(recovery, after.recovered())
		behind = append(behind, after.latencies(http.StatusOK, o.phase(time.Second)).at(.99))
		faults = append(faults, after.faults...)

		// The load needs the processors too, ten times as much of them, which the service
		// cannot have. So what it can do at best is also measured without these.
		handicapped, _, err := o.measuredBeside(ctx, l, phase, u.load)
		if err != nil {
			return err
		}
		rest, now := handicapped.rate(warmup, phase), t.rate(warmup, phase)
		bestOfRest = append(bestOfRest, rest)
		kept, keptOfAll = append(kept, now/rest), append(keptOfAll, now/most)
		o.logf("best %.0f/s, %.0f/s beside a load of %.2f processors; overloaded %.0f/s, %d refused, 99 %% of them within %s",
			most, rest, u.load, now, len(busy), round(busy.at(.99)))
	}

	o.note(fmt.Sprintf("best throughput, requests of %d texts with probabilities", heavyTexts), fmt.Sprintf("%.0f/s over %d connections, the load on %.2f processors", median(best), l.conns, median(loadBest)))
	o.claim("ten times as much is sent, on a schedule that does not wait for answers",
		fmt.Sprintf("%.0f/s of %.0f/s; over all not sent %d whose connection still waited for an answer, %d as the load was late; the load on %.2f processors, the service on %.2f",
			median(sent), median(offered), waiting, late, median(loadUnder), median(serviceUnder)),
		"≥ 90 %", median(sent) >= .9*median(offered))
	o.claim("under ten times its load it keeps 90 % of its best throughput, both beside a load that takes as much of the processors",
		fmt.Sprintf("%s: %.0f/s of %.0f/s", percent(median(kept)), median(under), median(bestOfRest)), "≥ 90 %", median(kept) >= .9)
	o.note("the same, its best beside a load that takes little", fmt.Sprintf("%s of %.0f/s", percent(median(keptOfAll)), median(best)))
	o.note("the same, per second of the service's processor time", percent(median(perCPU)))
	const within = 100 * time.Millisecond
	o.claim("the rest gets a 503 within 100 ms", fmt.Sprintf("%d of them: 99 %% within %s, all within %s", refused, round(median(p99)), round(median(highest))),
		"100 ms for 99 %", refused > 0 && median(p99) <= within)
	o.claim("each 503 has Retry-After", fmt.Sprintf("%d of %d without", bare, refused), "0", bare == 0)
	o.claim("every request sent is answered with 200, and rightly, or with 503",
		fmt.Sprintf("%d times 200, %d of them wrong; %d otherwise %s", served, wrong, unanswered, strings.Join(faults, "; ")), "0", unanswered+wrong == 0)
	o.claim("it recovers in a second: then a normal load is all answered with 200", "after "+round(median(recovery)).String(), "1 s", median(recovery) <= time.Second)
	o.claim("and as fast as before", fmt.Sprintf("99 %% within %s, before within %s", round(median(behind)), round(median(before))), "twice", median(behind) <= 2*median(before))
	return nil
}

// light has ten times as many clients as can be served, who all ask again as soon as
// they are answered, for next to no work.
func (o *overloaded) light(ctx context.Context, l load) error {
	l, err := o.saturate(ctx, l, 4, 8, 16, 32, 64)
	if err != nil {
		return err
	}
	var best, under, kept []float64
	var busy latencies
	bad, bare := 0, 0
	var faults []string
	warmup, phase := o.phase(500*time.Millisecond), o.phase(2*time.Second)
	for range o.rounds(5) {
		t, _, err := o.measured(ctx, l, phase)
		if err != nil {
			return err
		}
		best = append(best, t.rate(warmup, phase))
		ten := l
		ten.conns *= 10
		if t, _, err = o.measured(ctx, ten, phase); err != nil {
			return err
		}
		under = append(under, t.rate(warmup, phase))
		kept = append(kept, under[len(under)-1]/best[len(best)-1])
		busy = append(busy, t.latencies(http.StatusServiceUnavailable, 0)...)
		bad += t.others(http.StatusOK, http.StatusServiceUnavailable) + t.wrong
		bare += t.withoutRetryAfter()
		faults = append(faults, t.faults...)
	}
	slices.Sort(busy)
	o.claim("with ten times the clients that it can carry, who wait for nothing, it keeps 90 % of its best throughput; requests of 2 texts",
		fmt.Sprintf("%s: %.0f/s over %d connections, %.0f/s over %d", percent(median(kept)), median(under), 10*l.conns, median(best), l.conns), "≥ 90 %", median(kept) >= .9)
	o.claim("what it refuses of them gets a 503 within 100 ms, with Retry-After; nothing else happens",
		fmt.Sprintf("%d refused, 99 %% within %s, %d without Retry-After; %d otherwise or wrong %s", len(busy), round(busy.at(.99)), bare, bad, strings.Join(faults, "; ")),
		"100 ms for 99 %, 0", bare+bad == 0 && busy.at(.99) <= 100*time.Millisecond)
	return nil
}

// saturate returns the load over as many connections as give the most throughput.
func (o *overloaded) saturate(ctx context.Context, l load, conns ...int) (load, error) {
	best, most := conns[0], 0.0
	for _, n := range conns {
		l.conns = n
		phase := o.phase(1500 * time.Millisecond)
		t, _, err := o.measured(ctx, l, phase)
		if err != nil {
			return l, err
		}
		if bad := t.others(http.StatusOK, http.StatusServiceUnavailable) + t.wrong; bad > 0 {
			return l, fmt.Errorf("%d connections: %d requests went wrong: %s", n, bad, strings.Join(t.faults, "; "))
		}
		rate := t.rate(phase/4, phase)
		o.logf("%d connections: %.0f/s, %d refused", n, rate, t.count(http.StatusServiceUnavailable))
		if rate > most {
			best, most = n, rate
		}
	}
	l.conns = best
	return l, nil
}

// measuredBeside is measured while this program takes as many processors as another
// load did, with work of no use.
func (o *overloaded) measuredBeside(ctx context.Context, l load, d time.Duration, processors float64) (*tally, usage, error) {
	start, err := process.OwnCPU()
	if err != nil {
		return nil, usage{}, err
	}
	ballast, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	begin := time.Now()
	for range 2 {
		all.Go(func() {
			for ballast.Err() == nil {
				now, err := process.OwnCPU()
				if err != nil || (now-start).Seconds() > processors*time.Since(begin).Seconds() {
					time.Sleep(time.Millisecond)
					continue
				}
				burn(200 * time.Microsecond)
			}
		})
	}
	t, u, err := o.measured(ctx, l, d)
	stop()
	all.Wait()
	return t, u, err
}

// burn works for some time to no end.
func burn(d time.Duration) {
	begin, n := time.Now(), 0
	for time.Since(begin) < d {
		n++
	}
}

// recovered returns when the last request was sent that was not answered with 200.
func (t *tally) recovered() time.Duration {
	last := time.Duration(0)
	for _, r := range t.records {
		if r.status != http.StatusOK {
			last = max(last, r.sent)
		}
	}
	return last
}

func (t *tally) withoutRetryAfter() int {
	n := 0
	for _, r := range t.records {
		if r.status == http.StatusServiceUnavailable && !r.retryAfter {
			n++
		}
	}
	return n
}
