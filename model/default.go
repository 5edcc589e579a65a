package model

import (
	"embed"
	"io/fs"
	"unsafe"
)

//go:embed artifacts
var artifacts embed.FS

// embeddedWeights is the weights file of artifacts, which the binary has once.
//
//go:embed artifacts/model.safetensors
var embeddedWeights string

// embedded is the embedded artifact directory.
type embedded struct{ fs.FS }

// lent is the same for those who do not write to what they read of it: its weights file is
// not copied, nor checked, as the binary has what was built, and tests prove that. The first
// 20 ms of a process are 2 ms less.
type lent struct{ embedded }

func (lent) weights() []byte {
	return unsafe.Slice(unsafe.StringData(embeddedWeights), len(embeddedWeights))
}

// DefaultFS is the embedded artifact directory.
func DefaultFS() fs.FS {
	sub, err := fs.Sub(artifacts, "artifacts")
	if err != nil {
		panic(err) // the name is a constant
	}
	return embedded{sub}
}

// Default loads the embedded model.
func Default() (*Model, error) { return OpenFS(DefaultFS()) }
