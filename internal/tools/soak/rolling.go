package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"tagifai/internal/tools/soak/load"
	"tagifai/model"
)

// rolling stops a service in the middle of a request, and then replaces the replicas of a
// Deployment behind a proxy, one after another, under constant load.
func rolling(ctx context.Context, s *settings, r *report) error {
	nginx, err := lookNginx("nginx", "/usr/sbin/nginx")
	if err != nil {
		return err
	}
	m, err := model.Default()
	if err != nil {
		return err
	}
	if err := drain(ctx, s, r, m); err != nil {
		return err
	}
	d, err := readDeployment("configs/kubernetes/base/deployment.yaml")
	if err != nil {
		return err
	}
	f := &fleet{settings: s, report: r, deployment: d}
	const replicas = 3
	for range replicas {
		if err := f.add(ctx); err != nil {
			return err
		}
	}
	if f.proxy, err = startProxy(ctx, nginx, s.dir, f.addrs()...); err != nil {
		return err
	}
	defer f.proxy.Kill()
	l := newLoad(f.proxy.addr, m, writeTexts(2, 60), tagsAlone)
	l.Conns, l.Sent = 32, new(atomic.Int64)

	loading, stop := context.WithCancel(ctx)
	defer stop()
	loaded := make(chan struct{})
	var t *load.Tally
	var loadErr, replaceErr error
	go func() {
		defer close(loaded)
		t, loadErr = l.Run(loading)
	}()
	for replaceErr == nil && (f.replaced < replicas || l.Sent.Load() < int64(s.requests)) {
		replaceErr = f.replace(ctx)
	}
	stop()
	<-loaded
	proxying, cpuErr := f.proxy.CPU()
	if err := errors.Join(replaceErr, loadErr, cpuErr, f.stop()); err != nil {
		return err
	}

	right := t.Count(http.StatusOK) - t.Wrong
	r.note("figures of the Deployment", d.String())
	r.claim(fmt.Sprintf("of %d requests through the proxy none fails during %d replacements of one of %d replicas", len(t.Records), f.replaced, replicas),
		fmt.Sprintf("%d answered with 200 and rightly, %d not: %s; %.0f/s; %.0f/s in the worst second", right, len(t.Records)-right, strings.Join(t.Faults, "; "), float64(len(t.Records))/t.Lasted.Seconds(), t.WorstSecond()),
		"0 not, each replaced", right == len(t.Records) && right >= s.requests && f.replaced >= replicas)
	r.note("requests sent again, as nginx had closed an idle connection before them", fmt.Sprint(t.Retried))
	l99 := t.Latencies(http.StatusOK, 0)
	r.note("their latency", fmt.Sprintf("half within %s, 99 %% within %s, all within %s", round(l99.At(.5)), round(l99.At(.99)), round(l99.Max())))
	r.note("processor time of nginx for each of them", fmt.Sprintf("%.1f µs", proxying.Seconds()*1e6/float64(len(t.Records))))
	r.claim("the readiness probe notices a replica that stops before it stops listening", "within "+round(slices.Max(f.unready)).String(),
		d.drainDelay.String(), slices.Max(f.unready) < d.drainDelay)
	r.claim("each replica exits with 0, after its drain delay and within its grace period", fmt.Sprintf("%d of %d, after %s to %s", f.clean, f.replaced, round(slices.Min(f.exited)), round(slices.Max(f.exited))),
		fmt.Sprintf("all, %s to %s", d.drainDelay, d.grace), f.clean == f.replaced && slices.Max(f.exited) <= d.grace && slices.Min(f.exited) >= d.drainDelay)
	return nil
}

const drainDelay = "--drain-delay=2s"

// drain has a request under way when the service is told to stop.
func drain(ctx context.Context, s *settings, r *report, m *model.Model) error {
	service, err := startService(ctx, s, drainDelay)
	if err != nil {
		return err
	}
	defer service.Kill()
	l := newLoad(service.addr, m, writeTexts(2, 60), tagsAlone)
	c, err := load.Dial(service.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	half := len(l.Request) - 20
	if _, err := c.Write(l.Request[:half]); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond) // until the service has seen it
	begin := time.Now()
	if err := service.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	// For some time all goes on, so that a proxy can leave.
	served := 0
	var listened time.Duration // until the last of them
	for {
		another, err := load.Dial(service.addr)
		if err != nil {
			break
		}
		a, err := another.Do(l.Request)
		another.Close()
		if err != nil || a.Status != http.StatusOK || !l.Right(a.Body) {
			break // it has been accepted, but too late
		}
		served++
		listened = time.Since(begin)
		time.Sleep(20 * time.Millisecond)
		if time.Since(begin) > 10*time.Second {
			return errors.New("10 s after SIGTERM it still listens")
		}
	}
	r.claim("after SIGTERM it answers for its drain delay of 2 s", fmt.Sprintf("%d requests over new connections, for %s", served, round(listened)),
		"2 s", listened >= 1900*time.Millisecond && listened < 3*time.Second)

	a, err := c.Do(l.Request[half:])
	answered := err == nil && a.Status == http.StatusOK && l.Right(a.Body)
	outcome := fmt.Sprint(a.Status)
	if err != nil {
		outcome = err.Error()
	}
	within, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	code, err := service.Wait(within)
	if err != nil {
		return err
	}
	r.claim("then it finishes the request in flight and exits with 0",
		fmt.Sprintf("the answer: %s; exit code %d, %s after SIGTERM", outcome, code, round(time.Since(begin))), "200, 0", answered && code == 0)
	return nil
}

// A fleet is the replicas behind the proxy, oldest first.
type fleet struct {
	*settings
	*report
	deployment *deployment
	proxy      *proxy
	replicas   []*service

	replaced, clean int
	unready, exited []time.Duration // since SIGTERM, of each
}

func (f *fleet) addrs() []string {
	var addrs []string
	for _, s := range f.replicas {
		addrs = append(addrs, s.addr)
	}
	return addrs
}

// add starts a replica, which is one when its probe succeeds.
func (f *fleet) add(ctx context.Context) error {
	s, err := startService(ctx, f.settings, f.deployment.flags()...)
	if err != nil {
		return err
	}
	f.replicas = append(f.replicas, s)
	return f.deployment.probe(ctx, s, true)
}

// replace replaces the oldest replica as the Deployment says: the new one takes part as
// soon as it is ready, then the old one is told to go. It takes part until its probe has
// failed: Kubernetes is faster if all goes well.
func (f *fleet) replace(ctx context.Context) error {
	if err := f.add(ctx); err != nil {
		return err
	}
	if err := f.proxy.route(f.addrs()...); err != nil {
		return err
	}
	old := f.replicas[0]
	f.replicas = f.replicas[1:]
	begin := time.Now()
	if err := old.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := f.deployment.probe(ctx, old, false); err != nil {
		return err
	}
	f.unready = append(f.unready, time.Since(begin))
	if err := f.proxy.route(f.addrs()...); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, f.deployment.grace-time.Since(begin))
	defer cancel()
	code, err := old.Wait(within)
	if err != nil {
		return err
	}
	f.replaced++
	if code == 0 {
		f.clean++
	}
	f.exited = append(f.exited, time.Since(begin))
	f.logf("replaced %s, which ended with exit code %d %s after SIGTERM", old.addr, code, round(time.Since(begin)))
	return nil
}

// stop ends the replicas.
func (f *fleet) stop() error {
	var err error
	for _, s := range f.replicas {
		err = errors.Join(err, s.Signal(syscall.SIGTERM))
	}
	for _, s := range f.replicas {
		_, end := s.Stop(f.deployment.grace)
		err = errors.Join(err, end)
	}
	return err
}
