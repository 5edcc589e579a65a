package auth

import (
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// A table finds principals by the SHA-256 of their credentials. It does not change.
//
// It is a map from the first 64 bits of a hash, and the rest is compared in constant time.
// How long the map takes may tell something about those bits, but nothing about the
// credential: who sends one knows its hash, and cannot find another with a similar hash
// that is any closer to the credential of somebody else.
type table map[uint64]*entry

type entry struct {
	sum       [32]byte
	expires   time.Time // zero: never
	principal Principal
}

func prefix(sum *[32]byte) uint64 { return binary.LittleEndian.Uint64(sum[:]) }

func newTable(keys []Key) table {
	t := make(table, len(keys))
	for _, k := range keys {
		t[prefix(&k.SHA256)] = &entry{k.SHA256, k.Expires, Principal{k.ID, k.Actions, k.Models}}
	}
	return t
}

// find returns the entry of a credential, nil if there is none.
func (t table) find(sum *[32]byte) *entry {
	e := t[prefix(sum)]
	if e == nil || subtle.ConstantTimeCompare(e.sum[:], sum[:]) != 1 {
		return nil
	}
	return e
}

// expired reports whether the entry does not count any more.
func (e *entry) expired(now time.Time) bool { return !e.expires.IsZero() && !now.Before(e.expires) }
