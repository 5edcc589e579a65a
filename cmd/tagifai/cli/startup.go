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

// StartLean lets the collector rest until the heap has its starting size, or the function
// that it returns is called. GOGC overrides it.
func StartLean() (started func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	usual := debug.SetGCPercent(startingHeap)
	restore := func() { debug.SetGCPercent(usual) }
	first := new(struct{ _ *int }) // found unreachable by the first collection
	runtime.SetFinalizer(first, func(any) { restore() })
	return restore
}
