package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tagifai/internal/tools/process"
	"tagifai/model"
)

// rolling stops a service in the middle of a request, and then replaces services
// behind a proxy, one after another, under constant load.
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

	first, err := startService(ctx, s, drainDelay)
	if err != nil {
		return err
	}
	p, err := startProxy(ctx, nginx, s.dir, first.addr)
	if err != nil {
		return err
	}
	defer p.Kill()
	f := &fleet{settings: s, report: r, proxy: p}
	l := newLoad(p.addr, m, writeTexts(2, 60), tagsAlone)
	l.conns, l.total = 32, int64(s.requests)

	loading, stop := context.WithCancel(ctx)
	defer stop()
	loaded := make(chan struct{})
	var t *tally
	var loadErr error
	go func() {
		defer close(loaded)
		t, loadErr = l.run(loading)
	}()
	replaceErr := f.replace(ctx, first, loaded)
	if replaceErr != nil {
		stop()
	}
	<-loaded
	if err := errors.Join(replaceErr, loadErr); err != nil {
		return err
	}

	right := t.count(http.StatusOK) - t.wrong
	r.claim(fmt.Sprintf("of %d requests through the proxy none fails during %d replacements", len(t.records), f.replaced),
		fmt.Sprintf("%d answered with 200 and rightly, %d not: %s; %.0f/s; %.0f/s in the worst second", right, len(t.records)-right, strings.Join(t.faults, "; "), float64(len(t.records))/t.lasted.Seconds(), t.worstSecond()),
		"0 not, 2 replacements", right == len(t.records) && right >= s.requests && f.replaced >= 2)
	r.note("requests sent again, as nginx had closed an idle connection before them", fmt.Sprint(t.retried))
	l99 := t.latencies(http.StatusOK, 0)
	r.note("their latency", fmt.Sprintf("half within %s, 99 %% within %s, all within %s", round(l99.at(.5)), round(l99.at(.99)), round(l99.max())))
	r.claim("/readyz is 503 at SIGTERM", "within "+round(slices.Max(f.unready)).String(), "250 ms", slices.Max(f.unready) <= 250*time.Millisecond)
	r.claim("each replaced service exits with 0, after its drain delay of 2 s", fmt.Sprintf("%d of %d, within %s", f.clean, f.replaced, round(slices.Max(f.exited))),
		"all, 12 s", f.clean == f.replaced && slices.Max(f.exited) <= 12*time.Second && slices.Min(f.exited) >= 2*time.Second)
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
	c, err := dial(service.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	half := len(l.request) - 20
	if _, err := c.Write(l.request[:half]); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond) // until the service has seen it
	begin := time.Now()
	if err := service.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	// For some time all goes on, so that a proxy can leave.
	served := 0
	for {
		another, err := dial(service.addr)
		if err != nil {
			break
		}
		a, err := another.do(l.request)
		another.Close()
		if err != nil || a.status != http.StatusOK || !l.right(a.body) {
			break // it has been accepted, but too late
		}
		served++
		time.Sleep(20 * time.Millisecond)
		if time.Since(begin) > 10*time.Second {
			return errors.New("10 s after SIGTERM it still listens")
		}
	}
	listened := time.Since(begin)
	r.claim("after SIGTERM it answers for its drain delay of 2 s", fmt.Sprintf("%d requests over new connections, for %s", served, round(listened)),
		"2 s", listened >= 1900*time.Millisecond && listened < 3*time.Second)

	a, err := c.do(l.request[half:])
	answered := err == nil && a.status == http.StatusOK && l.right(a.body)
	outcome := fmt.Sprint(a.status)
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

// A fleet is what is behind the proxy.
type fleet struct {
	*settings
	*report
	proxy *proxy

	replaced, clean int
	unready, exited []time.Duration // since SIGTERM, of each
}

// replace replaces the service by a new one every few seconds, until the load has ended.
func (f *fleet) replace(ctx context.Context, old *service, loaded <-chan struct{}) error {
	every := f.phase(8 * time.Second)
	next := time.NewTimer(every / 4)
	for {
		select {
		case <-loaded:
			_, err := old.Stop(20 * time.Second)
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-next.C:
		}
		next.Reset(every)
		fresh, err := startService(ctx, f.settings, drainDelay)
		if err != nil {
			return err
		}
		// As an orchestrator does: the new one takes part as soon as it is ready, then the
		// old one is told to go, and takes part until it says that it is not ready.
		if err := f.proxy.route(old.addr, fresh.addr); err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
		begin := time.Now()
		if err := old.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		for {
			status, _, err := ask(ctx, http.MethodGet, "http://"+old.addr+"/readyz")
			if err != nil {
				return fmt.Errorf("GET /readyz after SIGTERM: %w", err)
			}
			if status == http.StatusServiceUnavailable {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		f.unready = append(f.unready, time.Since(begin))
		if err := f.proxy.route(fresh.addr); err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, 15*time.Second)
		code, err := old.Wait(within)
		cancel()
		if err != nil {
			return err
		}
		f.replaced++
		if code == 0 {
			f.clean++
		}
		f.exited = append(f.exited, time.Since(begin))
		f.logf("replaced %s, which ended with exit code %d %s after SIGTERM", old.addr, code, round(time.Since(begin)))
		old = fresh
	}
}

// worstSecond returns the least requests per second that were answered with 200 in any
// whole second.
func (t *tally) worstSecond() float64 {
	seconds := make([]float64, int(t.lasted.Seconds()))
	for _, r := range t.records {
		if i := int((r.sent + r.took).Seconds()); r.status == http.StatusOK && i < len(seconds) {
			seconds[i]++
		}
	}
	if len(seconds) == 0 {
		return 0
	}
	return slices.Min(seconds)
}

// A proxy is a running nginx.
type proxy struct {
	*process.Process
	dir, addr string
}

// lookNginx returns the first of these programs that there is.
func lookNginx(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("not run, there is no nginx: apt-get install nginx")
}

// startProxy starts nginx, with all it writes in a directory, before these services.
func startProxy(ctx context.Context, nginx, dir string, services ...string) (*proxy, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	p := &proxy{dir: dir, addr: addr}
	if err := p.configure(services); err != nil {
		return nil, err
	}
	cmd := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", p.config())
	if p.Process, err = process.Start(ctx, cmd); err != nil {
		return nil, err
	}
	if err := p.WaitFor(ctx, "http://"+addr+"/readyz"); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *proxy) config() string { return filepath.Join(p.dir, "nginx.conf") }

// configure writes what nginx is to do. It hides nothing: a request that one service
// does not answer is not given to another.
func (p *proxy) configure(services []string) error {
	const text = `daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	upstream services {
		%skeepalive 64;
		keepalive_requests 1000000000;
	}
	server {
		listen %s;
		keepalive_requests 1000000000;
		location / {
			proxy_pass http://services;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_next_upstream off;
		}
	}
}
`
	var servers strings.Builder
	for _, addr := range services {
		fmt.Fprintf(&servers, "server %s max_fails=0;\n\t\t", addr)
	}
	return os.WriteFile(p.config(), fmt.Appendf(nil, text, &servers, p.addr), 0o600)
}

// route has nginx send requests to these services from now on.
func (p *proxy) route(services ...string) error {
	if err := p.configure(services); err != nil {
		return err
	}
	return p.Signal(syscall.SIGHUP)
}
