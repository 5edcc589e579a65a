//go:build !race

package ratelimit_test

const addresses = 1_000_000
