package cli

import (
	"os"
	"runtime"
	"runtime/debug"
)

// startingHeap is how large the heap becomes before garbage is collected, while a command
// starts, as a percentage of the least that the runtime waits for: 32 MB. What the package
// initialisers, the command line and a model of some megabytes leave behind fits in there,
// and to look for it meanwhile would take a sixth of the start.
const startingHeap = 800

// UsualHeap is what the runtime has by default.
const UsualHeap = 100

// StartLean lets the collector rest until the heap has its starting size, or the function
// that it returns is called. From then on it has the percentage that follows. GOGC overrides
// both.
func StartLean(follows int) (started func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(startingHeap)
	started = func() { debug.SetGCPercent(follows) }
	first := new(struct{ _ *int }) // found unreachable by the first collection
	runtime.SetFinalizer(first, func(any) { started() })
	return started
}
