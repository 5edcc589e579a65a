//go:build race

package main

// The race detector takes a hundred times as long.
const manyRows = 20_000
