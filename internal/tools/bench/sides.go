package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/tools/process"
)

// The sides of HTTP.
const (
	service      = "this service"
	serviceBase  = "base"
	serviceQuiet = "this service, access log off"
	gunicorn     = "gunicorn"
	uvicorn      = "uvicorn"
	bare         = "floor"
)

// A side is a server that answers POST /predict.
type side struct {
	name    string
	command func(ctx context.Context, addr string) *exec.Cmd
	// finishes says that a request is computed to its end though its client has gone.
	finishes bool
	// onlyTargets says that it is measured only in the cell that the targets are about.
	onlyTargets bool
	needs       []string // Debian packages
}

// sides returns those that are measured under load.
func (b *bench) sides() []side {
	quiet := b.service("--log-level", "warn")
	quiet.name, quiet.onlyTargets = serviceQuiet, true
	sides := []side{b.service(), b.gunicorn(), b.floor(), quiet}
	if b.base != "" {
		sides = append(sides, b.serviceBase())
	}
	return b.available(sides...)
}

// serviceBase is the service as the binary of -base has it.
func (b *bench) serviceBase() side {
	other := *b
	other.tagifai = b.base
	s := other.service()
	s.name = serviceBase
	return s
}

// service is this service with its default settings, but for two: it lets requests wait
// as long as the other sides do, for a 503 would be quick and no answer, and it ends at
// once. Its log is a line a request; through a pipe, the reader of it would take part in
// the measurement, so it goes to /dev/null.
func (b *bench) service(flags ...string) side {
	return side{name: service, command: func(ctx context.Context, addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, b.tagifai, append([]string{"serve", "--model", b.artifact, "--addr", addr,
			"--max-queue-wait", "30s", "--drain-delay", "0s"}, flags...)...)
		cmd.Stderr = b.null
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TAGIFAI_") })
		return cmd
	}}
}

// gunicorn is the FastAPI service as it is run in production: a worker for each core,
// another to hide its waits, and one, as gunicorn's documentation advises. Connections
// are kept for long: under load its loop can be so late that it closes one, after two
// seconds by default, on which the next request has arrived already.
func (b *bench) gunicorn() side {
	workers := strconv.Itoa(2*runtime.NumCPU() + 1)
	return side{name: gunicorn, finishes: true, needs: pythonPackages, command: func(ctx context.Context, addr string) *exec.Cmd {
		return b.fastAPI(ctx, "gunicorn", "--workers", workers, "--worker-class", "uvicorn.workers.UvicornWorker",
			"--bind", addr, "--keep-alive", "120", "--log-level", "warning", "app:app")
	}}
}

// uvicorn is the FastAPI service in one process, which starts faster.
func (b *bench) uvicorn() side {
	return side{name: uvicorn, finishes: true, needs: pythonPackages, command: func(ctx context.Context, addr string) *exec.Cmd {
		host, port, _ := strings.Cut(addr, ":")
		return b.fastAPI(ctx, "uvicorn", "--host", host, "--port", port, "--log-level", "warning", "--no-access-log", "app:app")
	}}
}

func (b *bench) fastAPI(ctx context.Context, module string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, python, append([]string{"-m", module}, args...)...)
	cmd.Dir = b.path("peer")
	cmd.Env = append(os.Environ(), "ARTIFACT="+b.artifact, "PYTHONPATH="+cmd.Dir)
	return cmd
}

// floor is the bench itself; see type floor.
func (b *bench) floor() side {
	return side{name: bare, command: func(ctx context.Context, addr string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0]
		}
		return exec.CommandContext(ctx, self, "floor", addr)
	}}
}

// A started side runs.
type started struct {
	side
	*process.Process
	url string
}

// begin starts a side and waits until it answers.
func begin(ctx context.Context, s side) (*started, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(ctx, s.command(ctx, addr))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	running := &started{s, p, "http://" + addr}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := p.WaitFor(waiting, running.url+"/"); err != nil {
		p.Kill()
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return running, nil
}

// settle waits until the server has done what clients that are gone have left it with,
// and returns the processor time that it has taken since its start.
func (s *started) settle(ctx context.Context) (time.Duration, error) {
	const pause, idle = 50 * time.Millisecond, 10 * time.Millisecond
	cpu, err := s.CPU()
	for err == nil {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		before := cpu
		if cpu, err = s.CPU(); cpu-before <= idle {
			break
		}
	}
	return cpu, err
}

// watchMemory looks at the server's memory until the function that it returns is
// called, which returns the most that was seen, in bytes.
func (s *started) watchMemory() func() (int64, error) {
	stop, result := make(chan struct{}), make(chan error)
	var most int64
	go func() {
		for {
			bytes, err := s.Memory()
			most = max(most, bytes)
			if err != nil {
				result <- err
				return
			}
			select {
			case <-time.After(250 * time.Millisecond): // looking is work for the machine too
			case <-stop:
				result <- nil
				return
			}
		}
	}()
	return func() (int64, error) {
		close(stop)
		err := <-result
		return most, err
	}
}
