package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Processors returns the numbers of those that the calling program may run on.
func Processors() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	var all []int
	for n := 0; len(all) < set.Count(); n++ {
		if set.IsSet(n) {
			all = append(all, n)
		}
	}
	return all, nil
}

// Confine lets the calling program, and what it starts from now on, run on these processors
// only.
func Confine(processors []int) error {
	var set unix.CPUSet
	for _, n := range processors {
		set.Set(n)
	}
	for range 2 { // a thread that started meanwhile may have the processors of before
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("process: %w", err)
		}
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return fmt.Errorf("process: %w", err)
			}
			if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("process: %w", err)
			}
		}
	}
	return nil
}
