//go:build !linux

package process

import (
	"errors"
	"os/exec"
	"time"
)

var errSystem = errors.New("process: the accounting of processes is read from Linux's /proc; this is another system")

func ownGroup(*exec.Cmd) error { return errSystem }

func killGroup(int) {}

func (*Process) killTree() {}

// CPU fails on this system.
func (*Process) CPU() (time.Duration, error) { return 0, errSystem }

// OwnCPU fails on this system.
func OwnCPU() (time.Duration, error) { return 0, errSystem }

// Memory fails on this system.
func (*Process) Memory() (int64, error) { return 0, errSystem }

// PeakMemory fails on this system.
func (*Process) PeakMemory() (int64, error) { return 0, errSystem }

// Processors fails on this system.
func Processors() ([]int, error) { return nil, errSystem }

// Confine fails on this system.
func Confine([]int) error { return errSystem }
