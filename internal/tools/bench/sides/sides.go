// Package sides starts the servers that are measured side by side, asks them, and reads
// what they take of the machine.
package sides

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"tagifai/internal/tools/process"
)

// The names of the sides.
const (
	Service      = "this service"
	ServiceBase  = "base"
	ServiceQuiet = "this service, access log off"
	ServiceAlone = "this service, with the model inside"
	Gunicorn     = "gunicorn"
	Uvicorn      = "uvicorn"
	Floor        = "floor"

	// This service, asked for more than the tags.
	ServiceProbabilities = "this service, include=probabilities"
	ServiceExplanation   = "this service, include=explanation"
)

// A Side is a server that answers predictions.
type Side struct {
	Name    string
	Command func(ctx context.Context, addr string) *exec.Cmd
	// Health is the path that answers 200 when the side is up; "" is /.
	Health string
	// Dialect is how it is asked; nil is POST /predict of this service, with what is
	// included.
	Dialect *Dialect
	Include string
	// Finishes says that a request is computed to its end though its client has gone.
	Finishes bool
	Needs    []string // Debian packages
}

// NewService returns the service of a binary with its default settings, but for two: it
// lets requests wait as long as the other sides do, for a 503 would be quick and no
// answer, and it ends at once. Its log is a line a request; through a pipe, the reader of
// it would take part in the measurement, so it goes to /dev/null. Arguments such as
// --model follow.
func NewService(binary string, args ...string) Side {
	return Side{Name: Service, Command: func(ctx context.Context, addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, binary, append([]string{"serve", "--addr", addr,
			"--max-queue-wait", "30s", "--drain-delay", "0s"}, args...)...)
		cmd.Stderr = Null()
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TAGIFAI_") })
		return cmd
	}}
}

// Null returns /dev/null, for what a side writes.
var Null = sync.OnceValue(func() *os.File {
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		panic(err) // no Linux is without it
	}
	return file
})

// NewFloor returns a server that is nothing but HTTP: the running program with the
// arguments "floor ADDR", at which its main has to call [ServeFloor].
func NewFloor() Side {
	return Side{Name: Floor, Command: func(ctx context.Context, addr string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0]
		}
		return exec.CommandContext(ctx, self, "floor", addr)
	}}
}

// A Server is a side that runs.
type Server struct {
	Side
	*process.Process
	URL string
}

// Begin starts a side and waits until it answers.
func Begin(ctx context.Context, s Side) (*Server, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(ctx, s.Command(ctx, addr))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	running := &Server{s, p, "http://" + addr}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := p.WaitFor(waiting, running.URL+cmp.Or(s.Health, "/")); err != nil {
		p.Kill()
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return running, nil
}

// Settle waits until the server has done what clients that are gone have left it with,
// and returns the processor time that it has taken since its start.
func (s *Server) Settle(ctx context.Context) (time.Duration, error) {
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

// WatchMemory looks at the server's memory until the function that it returns is
// called, which returns the most that was seen, in bytes.
func (s *Server) WatchMemory() func() (int64, error) {
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
