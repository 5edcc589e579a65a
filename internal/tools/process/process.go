// Package process starts programs, ends them, and reads what the operating system
// has accounted to them. It works on Linux; elsewhere [Start] fails.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is a started program and all that it has started in turn.
type Process struct {
	cmd    *exec.Cmd
	stderr *tail
	done   chan struct{} // closed when the program has ended
}

// Start starts cmd in a process group of its own, which is killed when ctx ends, and
// when the program has ended, so that nothing it has started stays behind. Of what it
// writes to stderr the last 64 KiB are kept for the messages of errors; cmd.Stderr, if
// that is set, gets all of it. An *os.File gets it without a detour, and nothing is kept.
func Start(ctx context.Context, cmd *exec.Cmd) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := ownGroup(cmd); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, stderr: &tail{w: cmd.Stderr}, done: make(chan struct{})}
	if _, direct := cmd.Stderr.(*os.File); !direct {
		cmd.Stderr = p.stderr
	}
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = time.Second // for a child that outlives it with its stderr
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	stop := context.AfterFunc(ctx, p.killTree)
	go func() {
		_ = cmd.Wait() // its exit code is in ProcessState
		stop()
		killGroup(cmd.Process.Pid)
		close(p.done)
	}()
	return p, nil
}

// Pid returns the process id of the program.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done returns a channel that is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stderr returns the last 64 KiB that were written to stderr.
func (p *Process) Stderr() string { return p.stderr.String() }

// lastWords is as much of stderr as a message has room for.
func (p *Process) lastWords() string {
	const room = 2 << 10
	s := p.Stderr()
	return s[max(0, len(s)-room):]
}

// Signal sends the program, and not what it has started, a signal.
func (p *Process) Signal(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("process: %s: %w", p, err)
	}
	return nil
}

// Wait waits for the program's end and returns its exit code, -1 if a signal ended it.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
	}
	if !p.ended() {
		return -1, fmt.Errorf("process: %s has not ended: %w", p, ctx.Err())
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// Stop asks the program to end with SIGTERM and returns its exit code. What has not
// ended in time is killed with all that it has started, which is an error.
func (p *Process) Stop(within time.Duration) (int, error) {
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return -1, fmt.Errorf("process: %s: %w", p, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	code, err := p.Wait(ctx)
	if err != nil {
		p.Kill()
		return -1, fmt.Errorf("process: %s had to be killed %s after SIGTERM; stderr: %s", p, within, p.lastWords())
	}
	return code, nil
}

// Kill ends the program and all that it has started, and waits for its end.
func (p *Process) Kill() {
	if !p.ended() { // or its process id may be another's
		p.killTree()
		<-p.done
	}
}

// WaitFor asks for url again and again, a millisecond apart, until it answers 200.
// The end of the program and of ctx are errors.
func (p *Process) WaitFor(ctx context.Context, url string) error {
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	pause := time.NewTicker(time.Millisecond)
	defer pause.Stop()
	last := "nobody listens"
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("process: %w", err)
		}
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			last = response.Status
		}
		select {
		case <-p.done:
			return fmt.Errorf("process: %s ended with exit code %d before %s answered; stderr: %s",
				p, p.cmd.ProcessState.ExitCode(), url, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("process: %s: %s did not answer 200, but %s: %w; stderr: %s", p, url, last, ctx.Err(), p.lastWords())
		case <-pause.C:
		}
	}
}

// String names the program for messages.
func (p *Process) String() string {
	return fmt.Sprintf("%s (process %d)", p.cmd.Path, p.cmd.Process.Pid)
}

// ended returns whether the program has ended.
func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// FreeAddr returns an address of the loopback interface that nobody listens on now, and another
// one each time.
func FreeAddr() (string, error) {
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("process: %w", err)
		}
		addr := listener.Addr().String()
		if err := listener.Close(); err != nil {
			return "", fmt.Errorf("process: %w", err)
		}
		if _, again := given.LoadOrStore(addr, true); !again {
			return addr, nil
		}
	}
}

var given sync.Map // the addresses that FreeAddr has returned

// tail passes on what is written, if to anyone, and keeps the end of it.
type tail struct {
	w io.Writer // may be nil

	mu   sync.Mutex // guards kept
	kept []byte
}

const keep = 64 << 10 // bytes of stderr

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	t.kept = append(t.kept, b...)
	if len(t.kept) > 2*keep { // not at each write: it moves the bytes
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-keep:]...)
	}
	t.mu.Unlock()
	if t.w == nil {
		return len(b), nil
	}
	return t.w.Write(b)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept[max(0, len(t.kept)-keep):])
}
