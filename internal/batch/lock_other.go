//go:build !unix

package batch

import "os"

// lockFile does nothing: it is up to the user that one run alone writes to a file.
func lockFile(*os.File) error { return nil }
