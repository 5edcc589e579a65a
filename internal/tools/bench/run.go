package main

import (
	"fmt"
	"os/exec"
	"time"

	"github.com/go-json-experiment/json"
)

// A usage is what a program took, from exec to its end.
type usage struct {
	seconds float64
	cpu     float64 // seconds of user and system
}

// finish runs a program to its end; the JSON that it prints goes into result, unless
// that is nil.
func finish(cmd *exec.Cmd, result any) (usage, error) {
	var errs limited
	cmd.Stderr = &errs
	var out limited
	if result != nil {
		cmd.Stdout = &out
	}
	start := time.Now()
	err := cmd.Run()
	u := usage{seconds: time.Since(start).Seconds()}
	if err != nil {
		return u, fmt.Errorf("%s: %w: %s", cmd, err, errs)
	}
	u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if result == nil {
		return u, nil
	}
	if err := json.Unmarshal(out, result); err != nil {
		return u, fmt.Errorf("%s: its output is not understood: %w: %s", cmd, err, out)
	}
	return u, nil
}

// limited keeps the beginning of what is written to it.
type limited []byte

func (l *limited) Write(p []byte) (int, error) {
	const limit = 1 << 20
	*l = append(*l, p[:min(len(p), limit-len(*l))]...)
	return len(p), nil
}
