//go:build race

package skops

// raced says that the race detector is on, which allocates memory of its own.
const raced = true
