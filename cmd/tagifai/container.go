package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/rs/zerolog"
)

// followContainer lets the garbage collector work harder as the memory of the
// container runs out, and logs what there is. The runtime itself uses as many
// processors as the container has. GOMEMLIMIT and GOMAXPROCS override either.
func followContainer(log zerolog.Logger) {
	if _, err := memlimit.Set(); err != nil {
		log.Warn().Err(fmt.Errorf("the memory of the container is unknown: %w", err)).Msg("set GOMEMLIMIT")
	}
	log.Info().Int("gomaxprocs", runtime.GOMAXPROCS(0)).Int64("gomemlimit", debug.SetMemoryLimit(-1)).Msg("limits")
}
