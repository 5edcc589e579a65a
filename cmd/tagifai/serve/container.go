package serve

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/rs/zerolog"
)

// followContainer lets the garbage collector work harder as the memory of the
// container runs out, and logs the limits. The runtime itself uses as many processors
// as the container has. GOMEMLIMIT and GOMAXPROCS override either.
func followContainer(log zerolog.Logger) {
	if _, err := memlimit.Set(); err != nil {
		log.Warn().Err(fmt.Errorf("the memory of the container is unknown: %w", err)).Msg("set GOMEMLIMIT")
	}
	log.Info().Int("gomaxprocs", runtime.GOMAXPROCS(0)).Str("gomemlimit", describeLimit(debug.SetMemoryLimit(-1))).Msg("limits")
}

// describeLimit returns a limit in bytes as GOMEMLIMIT takes it, or none.
func describeLimit(limit int64) string {
	switch {
	case limit == math.MaxInt64:
		return "none"
	case limit >= 10<<20:
		return fmt.Sprintf("%dMiB", limit>>20)
	}
	return fmt.Sprintf("%dB", limit)
}
