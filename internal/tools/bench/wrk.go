package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

//go:embed wrk.lua
var wrkScript []byte

// A load is what wrk measured from the clients' side.
type load struct {
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

	busy float64 // share of one core that wrk itself took, its start and end included
}

func (l *load) rate() float64 { return float64(l.Requests) / l.Microseconds * 1e6 }

// runWrk posts the bodies of a file to url over so many connections, on one thread. The
// words of launcher, such as those of taskset, come before it on its command line.
func runWrk(ctx context.Context, launcher []string, script, url, bodies string, connections, seconds int) (*load, error) {
	const timeout = 30 // seconds for one answer
	line := append(slices.Clone(launcher), "wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+strconv.Itoa(seconds),
		"--timeout", strconv.Itoa(timeout), "-s", script, url, "--", bodies)
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
	l.busy = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds() / time.Since(start).Seconds()
	return l, nil
}

// parseLoad reads the line of JSON that wrk.lua has put into wrk's output. A load that
// was not answered throughout is an error, for its figures would be those of the errors.
func parseLoad(out []byte) (*load, error) {
	for line := range bytes.Lines(out) {
		if line[0] != '{' {
			continue
		}
		l := new(load)
		if err := json.Unmarshal(line, l); err != nil {
			return nil, fmt.Errorf("not understood: %w in %s", err, line)
		}
		switch {
		case l.Connect+l.Read+l.Write+l.Status+l.Timeout > 0:
			return nil, &refusedError{string(bytes.TrimSpace(line))}
		case l.Requests == 0:
			return nil, errors.New("no request was answered in time; give it more -seconds")
		}
		return l, nil
	}
	return nil, fmt.Errorf("no line of figures in its output: %s", out)
}

// A refusedError says that requests were not answered with 200, or not at all.
type refusedError struct{ figures string }

func (e *refusedError) Error() string {
	return "not all requests were answered with 200: " + e.figures
}
