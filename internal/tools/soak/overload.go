package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"tagifai/internal/tools/process"
	"tagifai/internal/tools/soak/load"
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
	for _, with := range heavyKinds {
		if err := o.heavy(ctx, newHeavyLoad(o.addr, m, with), heavyName(with)); err != nil {
			return err
		}
	}
	if err := apart(ctx, s, r, m); err != nil {
		return err
	}
	if err := o.light(ctx, newLoad(o.addr, m, writeTexts(2, 60), tagsAlone)); err != nil {
		return err
	}
	if err := o.besideLong(ctx, m); err != nil {
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

const heavyTexts = 500 // of a request, 75 kB: some milliseconds of work

var heavyKinds = []include{withProbabilities, tagsAlone}

func newHeavyLoad(addr string, m *model.Model, with include) load.Load {
	return newLoad(addr, m, writeTexts(heavyTexts, 140), with)
}

// heavyName says what requests of a heavy load are.
func heavyName(with include) string {
	what := fmt.Sprintf("%d texts", heavyTexts)
	if with != tagsAlone {
		what += " with " + string(with)
	}
	return what
}

func newLoad(addr string, m *model.Model, texts []string, with include) load.Load {
	data := dataOf(m, texts, with)
	return load.Load{
		Addr:    addr,
		Request: load.Post(with.target(), payload(texts)),
		Right:   func(body []byte) bool { return strings.HasSuffix(string(body), data) },
	}
}

type overloaded struct {
	*settings
	*report
	*service
}

// heavy offers ten times the best rate on a schedule that does not wait, of requests of what
// it says.
func (o *overloaded) heavy(ctx context.Context, l load.Load, what string) error {
	l, err := o.saturate(ctx, l, 2, 4, 8, 16, 32)
	if err != nil {
		return err
	}
	var (
		best, bestOfRest, under                []float64
		kept, keptOfAll, perCPU                []float64 // shares of the same round
		offered, sent                          []float64
		taken                                  processorTime
		p99, highest, recovery, before, behind []time.Duration
		refused, served, unanswered, bare      int
		waiting, late, wrong                   int
		faults                                 []string
	)
	// Many short rounds, and shares of the same round: others may use the machine too.
	warmup, phase := o.phase(500*time.Millisecond), o.phase(2500*time.Millisecond)
	for range o.rounds(5) {
		undisturbed, atBest, err := o.measured(ctx, l, phase)
		if err != nil {
			return err
		}
		most := undisturbed.Rate(warmup, phase)
		best = append(best, most)

		normal := l
		normal.Rate, normal.Conns = most*0.3, 16
		calm, _, err := o.measured(ctx, normal, o.phase(time.Second))
		if err != nil {
			return err
		}
		before = append(before, calm.Latencies(http.StatusOK, 0).At(.99))

		t, u, err := o.measured(ctx, tenfold(l, most), phase)
		if err != nil {
			return err
		}
		under = append(under, t.Rate(warmup, phase))
		perCPU = append(perCPU, perAnswer(undisturbed, atBest)/perAnswer(t, u))
		taken.add(undisturbed, atBest, t, u)
		offered = append(offered, most*10)
		sent = append(sent, float64(len(t.Records))/phase.Seconds())
		busy := t.Latencies(http.StatusServiceUnavailable, 0)
		p99, highest = append(p99, busy.At(.99)), append(highest, busy.Max())
		refused, served = refused+len(busy), served+t.Count(http.StatusOK)
		unanswered += t.Others(http.StatusOK, http.StatusServiceUnavailable)
		waiting, late, wrong = waiting+t.Waiting, late+t.Late, wrong+t.Wrong
		bare += t.WithoutRetryAfter()
		faults = append(faults, t.Faults...)

		after, _, err := o.measured(ctx, normal, o.phase(2*time.Second))
		if err != nil {
			return err
		}
		recovery = append(recovery, after.Recovered())
		behind = append(behind, after.Latencies(http.StatusOK, o.phase(time.Second)).At(.99))
		faults = append(faults, after.Faults...)

		// The load needs the processors too, ten times as much of them, which the service
		// cannot have. So what it can do at best is also measured without these.
		handicapped, beside, err := o.measuredBeside(ctx, l, phase, max(0, u.load-atBest.load))
		if err != nil {
			return err
		}
		rest, now := handicapped.Rate(warmup, phase), t.Rate(warmup, phase)
		bestOfRest = append(bestOfRest, rest)
		kept, keptOfAll = append(kept, now/rest), append(keptOfAll, now/most)
		o.logf("best %.0f/s on %.2f processors, %.0f/s on %.2f beside a load of %.2f; overloaded %.0f/s on %.2f, %d refused, 99 %% of them within %s",
			most, atBest.service, rest, beside.service, u.load, now, u.service, len(busy), round(busy.At(.99)))
	}

	o.note("best throughput, requests of "+what, fmt.Sprintf("%.0f/s over %d connections", load.Median(best), l.Conns))
	o.claim("ten times as much is sent, on a schedule that does not wait for answers",
		fmt.Sprintf("%.0f/s of %.0f/s; over all not sent %d whose connection still waited for an answer, %d as the load was late",
			load.Median(sent), load.Median(offered), waiting, late),
		"≥ 90 %", load.Median(sent) >= .9*load.Median(offered))
	o.claim("under ten times its load of these it keeps 90 % of its best throughput, on processors that it shares with the load, both beside a load that takes as much of them",
		fmt.Sprintf("%s: %.0f/s of %.0f/s", percent(load.Median(kept)), load.Median(under), load.Median(bestOfRest)), "≥ 90 %", load.Median(kept) >= .9)
	o.note("the same, its best beside a load that takes little", fmt.Sprintf("%s of %.0f/s", percent(load.Median(keptOfAll)), load.Median(best)))
	o.note("the same, per second of the service's processor time", percent(load.Median(perCPU)))
	o.note("what they take of the processors that they share", taken.String())
	const within = 100 * time.Millisecond
	o.claim("the rest gets a 503 within 100 ms", fmt.Sprintf("%d of them: 99 %% within %s, all within %s", refused, round(load.Median(p99)), round(load.Median(highest))),
		"100 ms for 99 %", refused > 0 && load.Median(p99) <= within)
	o.claim("each 503 has Retry-After", fmt.Sprintf("%d of %d without", bare, refused), "0", bare == 0)
	o.claim("every request sent is answered with 200, and rightly, or with 503",
		fmt.Sprintf("%d times 200, %d of them wrong; %d otherwise %s", served, wrong, unanswered, strings.Join(faults, "; ")), "0", unanswered+wrong == 0)
	o.claim("it recovers in a second: then a normal load is all answered with 200", "after "+round(load.Median(recovery)).String(), "1 s", load.Median(recovery) <= time.Second)
	o.claim("and as fast as before", fmt.Sprintf("99 %% within %s, before within %s", round(load.Median(behind)), round(load.Median(before))), "twice", load.Median(behind) <= 2*load.Median(before))
	return nil
}

// A processorTime is what the service and the load take of the processors in some rounds, the
// kernel's work for them included.
type processorTime struct {
	serviceBest, loadBest, serviceUnder, loadUnder []float64 // processors
	refusals                                       []float64 // seconds for each
}

// add adds a round: the service at its best, and under ten times as much.
func (p *processorTime) add(best *load.Tally, atBest usage, under *load.Tally, u usage) {
	p.serviceBest, p.loadBest = append(p.serviceBest, atBest.service), append(p.loadBest, atBest.load)
	p.serviceUnder, p.loadUnder = append(p.serviceUnder, u.service), append(p.loadUnder, u.load)
	accepted := float64(under.Count(http.StatusOK)) * perAnswer(best, atBest)
	refused := max(1, under.Count(http.StatusServiceUnavailable))
	p.refusals = append(p.refusals, (u.cpu.Seconds()-accepted)/float64(refused))
}

// perAnswer returns the seconds that a service took for each request that it answered with 200,
// whatever else it did.
func perAnswer(t *load.Tally, u usage) float64 {
	return u.cpu.Seconds() / float64(max(1, t.Count(http.StatusOK)))
}

func (p *processorTime) String() string {
	refusal := time.Duration(load.Median(p.refusals) * float64(time.Second))
	return fmt.Sprintf("at its best the service %.2f and the load %.2f; under ten times as much %.2f and %.2f, of that %s for each refusal if what is accepted takes as long as at best",
		load.Median(p.serviceBest), load.Median(p.loadBest), load.Median(p.serviceUnder), load.Median(p.loadUnder), round(refusal))
}

// apart is heavy for a service that has a processor for itself. As over a network, what the load
// takes is then not taken from the service.
func apart(ctx context.Context, s *settings, r *report, m *model.Model) (err error) {
	all, err := process.Processors()
	if err != nil {
		return err
	}
	rest, own := all[:len(all)-1], all[len(all)-1:]
	if len(rest) == 0 {
		r.note("the service on a processor of its own", "not measured: there is only one processor")
		return nil
	}
	defer func() { err = errors.Join(err, process.Confine(all)) }()
	if err := process.Confine(own); err != nil {
		return err
	}
	o := overloaded{settings: s, report: r}
	if o.service, err = startService(ctx, s); err != nil {
		return err
	}
	defer o.Kill()
	if err := process.Confine(rest); err != nil {
		return err
	}
	for _, with := range heavyKinds {
		if err := o.alone(ctx, newHeavyLoad(o.addr, m, with), heavyName(with)); err != nil {
			return err
		}
	}
	return nil
}

// alone offers ten times the best rate to a service that has a processor for itself.
func (o *overloaded) alone(ctx context.Context, l load.Load, what string) error {
	l, err := o.saturate(ctx, l, 1, 2, 4, 8)
	if err != nil {
		return err
	}
	var best, under, kept, offered, sent []float64
	var taken processorTime
	wrong := 0
	warmup, phase := o.phase(500*time.Millisecond), o.phase(2500*time.Millisecond)
	for range o.rounds(7) {
		undisturbed, atBest, err := o.measured(ctx, l, phase)
		if err != nil {
			return err
		}
		most := undisturbed.Rate(warmup, phase)
		t, u, err := o.measured(ctx, tenfold(l, most), phase)
		if err != nil {
			return err
		}
		now := t.Rate(warmup, phase)
		best, under, kept = append(best, most), append(under, now), append(kept, now/most)
		offered, sent = append(offered, most*10), append(sent, float64(len(t.Records))/phase.Seconds())
		taken.add(undisturbed, atBest, t, u)
		wrong += t.Others(http.StatusOK, http.StatusServiceUnavailable) + t.Wrong
		o.logf("on a processor of its own: best %.0f/s, overloaded %.0f/s, %d refused", most, now, t.Count(http.StatusServiceUnavailable))
	}
	o.claim("under ten times its load of requests of "+what+" it keeps 90 % of its best throughput, on a processor that it does not share with the load",
		fmt.Sprintf("%s: %.0f/s of %.0f/s over %d connections; sent %.0f/s of %.0f/s; %d answered otherwise or wrong", percent(load.Median(kept)), load.Median(under), load.Median(best), l.Conns, load.Median(sent), load.Median(offered), wrong),
		"≥ 90 %, 0", wrong == 0 && load.Median(kept) >= .9 && load.Median(sent) >= .9*load.Median(offered))
	o.note("what they take of processors that they do not share", taken.String())
	return nil
}

// tenfold is a load of ten times a rate. Each connection sends once in 150 ms, so that one that
// is answered within 100 ms keeps to its schedule.
func tenfold(l load.Load, rate float64) load.Load {
	l.Rate, l.Conns = rate*10, int(rate*10*.15)
	return l
}

// light has ten times as many clients as can be served, who all ask again as soon as
// they are answered, for next to no work.
func (o *overloaded) light(ctx context.Context, l load.Load) error {
	l, err := o.saturate(ctx, l, 4, 8, 16, 32, 64)
	if err != nil {
		return err
	}
	var best, under, kept []float64
	var busy load.Latencies
	bad, bare := 0, 0
	var faults []string
	warmup, phase := o.phase(500*time.Millisecond), o.phase(2*time.Second)
	for range o.rounds(5) {
		t, _, err := o.measured(ctx, l, phase)
		if err != nil {
			return err
		}
		best = append(best, t.Rate(warmup, phase))
		ten := l
		ten.Conns *= 10
		if t, _, err = o.measured(ctx, ten, phase); err != nil {
			return err
		}
		under = append(under, t.Rate(warmup, phase))
		kept = append(kept, under[len(under)-1]/best[len(best)-1])
		busy = append(busy, t.Latencies(http.StatusServiceUnavailable, 0)...)
		bad += t.Others(http.StatusOK, http.StatusServiceUnavailable) + t.Wrong
		bare += t.WithoutRetryAfter()
		faults = append(faults, t.Faults...)
	}
	slices.Sort(busy)
	o.claim("with ten times the clients that it can carry, who wait for nothing, it keeps 90 % of its best throughput; requests of 2 texts",
		fmt.Sprintf("%s: %.0f/s over %d connections, %.0f/s over %d", percent(load.Median(kept)), load.Median(under), 10*l.Conns, load.Median(best), l.Conns), "≥ 90 %", load.Median(kept) >= .9)
	o.claim("what it refuses of them gets a 503 within 100 ms, with Retry-After; nothing else happens",
		fmt.Sprintf("%d refused, 99 %% within %s, %d without Retry-After; %d otherwise or wrong %s", len(busy), round(busy.At(.99)), bare, bad, strings.Join(faults, "; ")),
		"100 ms for 99 %, 0", bare+bad == 0 && busy.At(.99) <= 100*time.Millisecond)
	return nil
}

// saturate returns the load over as many connections as give the most throughput.
func (o *overloaded) saturate(ctx context.Context, l load.Load, conns ...int) (load.Load, error) {
	best, most := conns[0], 0.0
	for _, n := range conns {
		l.Conns = n
		phase := o.phase(1500 * time.Millisecond)
		t, _, err := o.measured(ctx, l, phase)
		if err != nil {
			return l, err
		}
		if bad := t.Others(http.StatusOK, http.StatusServiceUnavailable) + t.Wrong; bad > 0 {
			return l, fmt.Errorf("%d connections: %d requests went wrong: %s", n, bad, strings.Join(t.Faults, "; "))
		}
		rate := t.Rate(phase/4, phase)
		o.logf("%d connections: %.0f/s, %d refused", n, rate, t.Count(http.StatusServiceUnavailable))
		if rate > most {
			best, most = n, rate
		}
	}
	l.Conns = best
	return l, nil
}

// measuredBeside is measured while another program takes so many processors, with work of no
// use. In this one it would take turns from the load's own goroutines, whose requests would come
// late, and the service would have less to do than it can.
func (o *overloaded) measuredBeside(ctx context.Context, l load.Load, d time.Duration, processors float64) (*load.Tally, usage, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, usage{}, err
	}
	ballast, err := process.Start(ctx, exec.Command(self, "-burn", fmt.Sprint(processors)))
	if err != nil {
		return nil, usage{}, err
	}
	defer ballast.Kill()
	return o.measured(ctx, l, d)
}

// burn takes so many processors until the program is killed, or for a minute if nobody does.
func burn(processors float64) error {
	begin := time.Now()
	threads := runtime.GOMAXPROCS(0)
	failed := make(chan error, threads)
	for range threads {
		go func() {
			for {
				now, err := process.OwnCPU()
				if err != nil {
					failed <- err
					return
				}
				if now.Seconds() > processors*time.Since(begin).Seconds() {
					time.Sleep(time.Millisecond)
					continue
				}
				for from, n := time.Now(), 0; time.Since(from) < 200*time.Microsecond; n++ {
					_ = n
				}
			}
		}()
	}
	select {
	case err := <-failed:
		return err
	case <-time.After(time.Minute):
		return errors.New("nobody has ended it")
	}
}
