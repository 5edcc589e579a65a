//go:build !race

package skops

const raced = false
