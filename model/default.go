package model

import (
	"embed"
	"io/fs"
)

//go:embed artifacts
var artifacts embed.FS

// DefaultFS is the embedded artifact directory.
func DefaultFS() fs.FS {
	sub, err := fs.Sub(artifacts, "artifacts")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// Default loads the embedded model.
func Default() (*Model, error) { return OpenFS(DefaultFS()) }
