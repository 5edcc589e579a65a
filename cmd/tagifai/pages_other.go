//go:build !linux

package main

// forgetPages does nothing: only Linux is told which pages it may take.
func forgetPages() error { return nil }
