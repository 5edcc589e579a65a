package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// checkSum makes sure that the SHA-256 of a weights file, whose header has so many bytes, is
// the one that stands in the header.
func checkSum(file []byte, header int, want string) error {
	at := bytes.Index(file[:header], []byte(want))
	if len(want) != len(noChecksum) || at < 0 {
		return fmt.Errorf("%s: %q is not a SHA-256 in hexadecimal", checksumKey, want)
	}
	hash := sha256.New()
	hash.Write(file[:at])
	hash.Write([]byte(noChecksum))
	hash.Write(file[at+len(want):])
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("%s: the file's is %s, its header says %s: it was changed or damaged", checksumKey, got, want)
	}
	return nil
}

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

// checksums returns the checksums of other files.
func (m metadata) checksums() checksums {
	sums := make(checksums)
	for key, sum := range m {
		if name, ok := strings.CutPrefix(key, checksumSpace); ok {
			sums[name] = sum
		}
	}
	return sums
}
