package model

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/go-json-experiment/json"

	"tagifai/model/linear"
)

// Sum returns the SHA-256, in hexadecimal, of what predictions depend on: the weights,
// without their provenance, and the arguments. It is the same in every format that the
// artifact is kept in.
func (a *Artifact) Sum() (string, error) {
	w := *a.Weights
	w.Provenance, w.Warnings = nil, nil
	hash := sha256.New()
	err := json.MarshalWrite(hash, struct {
		Weights linear.Weights
		Args    Object
	}{w, a.Args}, json.Deterministic(true))
	return hex.EncodeToString(hash.Sum(nil)), err
}
