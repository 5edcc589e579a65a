package model

import (
	"crypto/sha256"
	"encoding/hex"

	"tagifai/model/linear"
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

// noteSources replaces the sources of weights by their checksums.
func noteSources(w *linear.Weights) {
	for name, sum := range sumsOf(w.Sources) {
		if w.Provenance == nil {
			w.Provenance = make(map[string]string)
		}
		w.Provenance["source_sha256_"+name] = sum
	}
	w.Sources = nil
}
