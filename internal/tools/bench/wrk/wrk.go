// Package wrk puts a server under load with the program wrk, and reads what it measured.
package wrk

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

//go:embed wrk.lua
var script []byte

// A Load is what wrk measured from the clients' side.
type Load struct {
	Requests     int     `json:"requests"`     // that were answered
	Microseconds float64 `json:"microseconds"` // that this took
	P50          float64 `json:"p50"`          // microseconds from a request to its answer
	P99          float64 `json:"p99"`
	Max          float64 `json:"max"`

	// Errors of the connections, answers other than 2xx and 3xx, answers too late.
	Connect int `json:"connect"`
	Read    int `json:"read"`
	Write   int `json:"write"`
	Status  int `json:"status"`
	Timeout int `json:"timeout"`

	Busy float64 // share of one core that wrk itself took, its start and end included
}

// Rate returns the requests that were answered in a second.
func (l *Load) Rate() float64 { return float64(l.Requests) / l.Microseconds * 1e6 }

// Options say what load there is to be.
type Options struct {
	URL         string
	Bodies      string // file with the body of a request on each line, perhaps behind a path and a space; they are sent in turn
	Connections int    // each sends its next request when the last is answered
	Seconds     int
	Launcher    []string // words before wrk on its command line, such as those of taskset
}

// Run posts to a server, on one thread. A load that was not answered with 2xx or 3xx
// throughout is a [RefusedError].
func Run(ctx context.Context, o Options) (*Load, error) {
	const timeout = 30 // seconds for one answer
	file, err := os.CreateTemp("", "wrk-*.lua")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(script)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	line := append(slices.Clone(o.Launcher), "wrk", "-t1", "-c"+strconv.Itoa(o.Connections), "-d"+strconv.Itoa(o.Seconds),
		"--timeout", strconv.Itoa(timeout), "-s", file.Name(), o.URL, "--", o.Bodies)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("wrk: %w: %s", err, out)
	}
	l, err := parseLoad(out)
	if err != nil {
		return nil, fmt.Errorf("wrk: %w", err)
	}
	l.Busy = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds() / time.Since(start).Seconds()
	return l, nil
}

// parseLoad reads the line of JSON that wrk.lua has put into wrk's output. A load that
// was not answered throughout is an error, for its figures would be those of the errors.
func parseLoad(out []byte) (*Load, error) {
	for line := range bytes.Lines(out) {
		if line[0] != '{' {
			continue
		}
		l := new(Load)
		if err := json.Unmarshal(line, l); err != nil {
			return nil, fmt.Errorf("not understood: %w in %s", err, line)
		}
		switch {
		case l.Connect+l.Read+l.Write+l.Status+l.Timeout > 0:
			return nil, &RefusedError{string(bytes.TrimSpace(line))}
		case l.Requests == 0:
			return nil, errors.New("no request was answered in time; give it more -seconds")
		}
		return l, nil
	}
	return nil, fmt.Errorf("no line of figures in its output: %s", out)
}

// A RefusedError says that requests were not answered with 200, or not at all.
type RefusedError struct{ figures string }

func (e *RefusedError) Error() string {
	return "not all requests were answered with 200: " + e.figures
}
