//go:build !linux

package serve

// forgetPages does nothing: only Linux is told which pages it may take.
func forgetPages() error { return nil }
