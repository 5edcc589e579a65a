package batch

import (
	"fmt"
	"strconv"
	"strings"
)

// A Shard is a part of the rows: those whose ids have the hash Index modulo Count. The
// zero value is all rows.
type Shard struct{ Index, Count uint64 }

// ParseShard reads a shard as people write it: 0/4, 1/4, 2/4 and 3/4 are all rows.
func ParseShard(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	i, err := strconv.ParseUint(index, 10, 32)
	if err == nil {
		var n uint64
		if n, err = strconv.ParseUint(count, 10, 32); err == nil && i < n {
			return Shard{i, n}, nil
		}
	}
	return Shard{}, fmt.Errorf("%q is not a shard; 0/4 is the first of four, and 3/4 the last", text)
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, max(s.Count, 1)) }

// has reports whether the row with an id is in the shard. The hash is 64-bit FNV-1a,
// whose upper half is mixed into the lower one.
func (s Shard) has(id string) bool {
	if s.Count <= 1 {
		return true
	}
	const offset, prime = 14695981039346656037, 1099511628211
	hash := uint64(offset)
	for i := range len(id) {
		hash = (hash ^ uint64(id[i])) * prime
	}
	return (hash^hash>>32)%s.Count == s.Index
}
