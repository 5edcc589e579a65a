//go:build race

package ratelimit_test

// The race detector takes ten times as long.
const addresses = 100_000
