package auth

import (
	"testing"
	"time"
)

// Pause sets the least time between two fetches of a JWK Set, until the test ends.
func Pause(t *testing.T, d time.Duration) {
	before := refreshPause
	refreshPause = d
	t.Cleanup(func() { refreshPause = before })
}

// MaxVerified is how many tokens are kept that need not be verified again.
const MaxVerified = maxVerified

// Verified returns how many there are.
func (g *Guard) Verified() int {
	v := &g.tokens.issuer.keys.Load().verified
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.table)
}
