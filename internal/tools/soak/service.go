package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/tools/process"
	"tagifai/internal/tools/soak/load"
)

// A service is a running tagifai serve.
type service struct {
	*process.Process
	addr, admin string
}

// startService starts the binary and waits until it is ready. Its log goes to a file,
// as the log of a service does: a pipe would have to be read by this program.
func startService(ctx context.Context, s *settings, args ...string) (*service, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	log, err := os.CreateTemp(s.dir, "*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	line := append([]string{s.binary, "serve", "--addr", addr, "--admin-addr", admin}, args...)
	if s.cgroup != nil {
		line = append([]string{"sh", "-c", `echo $$ > "$0" && exec "$@"`, s.cgroup.procs()}, line...)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Stderr = log
	p, err := process.Start(ctx, cmd)
	if err != nil {
		return nil, err
	}
	if err := p.WaitFor(ctx, "http://"+admin+"/readyz"); err != nil {
		p.Kill()
		text, _ := os.ReadFile(log.Name()) // it is only to explain the error
		return nil, fmt.Errorf("%w; its log: %s", err, text)
	}
	return &service{p, addr, admin}, nil
}

// metrics are the samples of a scrape by name and labels, as they stand there.
type metrics map[string]float64

func (s *service) metrics(ctx context.Context) (metrics, error) {
	status, body, err := ask(ctx, http.MethodGet, "http://"+s.admin+"/metrics")
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("GET /metrics: %d", status)
	}
	m := make(metrics)
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		line := lines.Text()
		space := strings.LastIndexByte(line, ' ')
		if space < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if m[line[:space]], err = strconv.ParseFloat(line[space+1:], 64); err != nil {
			return nil, fmt.Errorf("GET /metrics: %q: %w", line, err)
		}
	}
	return m, nil
}

var askingClient = &http.Client{
	// A connection that is kept is a goroutine of the service, and these are counted.
	Transport: &http.Transport{DisableKeepAlives: true},
	Timeout:   load.AnswerWithin,
}

// ask sends a request without a body.
func ask(ctx context.Context, method, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := askingClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return response.StatusCode, string(b), err
}

// A usage is what a load took of the processors, in processors.
type usage struct {
	service, load float64
	cpu           time.Duration // of the service
}

// measured runs a load for some time and returns what became of it and what it took.
func (s *service) measured(ctx context.Context, l load.Load, d time.Duration) (*load.Tally, usage, error) {
	begin := time.Now()
	ownBefore, err1 := process.OwnCPU()
	before, err2 := s.CPU()
	timed, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	t, err3 := l.Run(timed)
	own, err4 := process.OwnCPU()
	cpu, err5 := s.CPU()
	if err := errors.Join(err1, err2, err3, err4, err5, ctx.Err()); err != nil {
		return nil, usage{}, err
	}
	elapsed := time.Since(begin).Seconds()
	return t, usage{
		service: (cpu - before).Seconds() / elapsed,
		load:    (own - ownBefore).Seconds() / elapsed,
		cpu:     cpu - before,
	}, nil
}
