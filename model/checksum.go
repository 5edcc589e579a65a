package model

import (
	"crypto/sha256"
	"encoding/hex"
)

// checksums are SHA-256 sums in hexadecimal, by the names of files.
type checksums map[string]string

// sumsOf returns the checksums of files.
func sumsOf(files map[string][]byte) checksums {
	sums := make(checksums, len(files))
	for name, data := range files {
		sum := sha256.Sum256(data)
		sums[name] = hex.EncodeToString(sum[:])
	}
	return sums
}

// changed returns the names of the files whose checksum differs, in their order.
func (c checksums) changed(files map[string][]byte) []string {
	found := sumsOf(files)
	var changed []string
	for _, name := range coveredFiles {
		if want, ok := c[name]; ok && found[name] != want {
			changed = append(changed, name)
		}
	}
	return changed
}
