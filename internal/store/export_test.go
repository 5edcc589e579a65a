package store

import (
	"errors"
	"os"
	"time"
)

// WithoutKernelLocks makes this process believe that its volume has none, and claims
// live for so long.
func WithoutKernelLocks(life time.Duration) {
	tryLock = func(*os.File) error { return errors.ErrUnsupported }
	claimLife = life
}

// ParseAliases reads aliases.json.
var ParseAliases = parseAliases

// Marshal writes it.
func (a *Aliases) Marshal() ([]byte, error) { return a.marshal() }

// Before is where a rollback would go.
func (a *Aliases) Before(alias string) int { return a.before(alias) }

// ParseManifest reads manifest.json.
var ParseManifest = parseManifest
