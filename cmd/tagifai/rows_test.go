//go:build !race

package main

// manyRows take a batch long enough for its bar to be drawn.
const manyRows = 200_000
