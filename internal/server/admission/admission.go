// Package admission says which requests are worked on: who may ask, and how often, which
// version of a model answers, and when it is a request's turn.
package admission

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/gate"
	"tagifai/internal/ratelimit"
	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
)

// ErrDraining is the answer to who asks whether a service is ready that is about to stop.
var ErrDraining = errors.New("the service is about to stop")

// Versions are what is served: a [registry.Registry], or what a test puts in its place.
type Versions interface {
	Get(ctx context.Context, ref registry.Ref) (*registry.Version, error)
	Ready(ctx context.Context) error
	Default() string
}

// An Admission admits the requests of a service. Make it with [New].
type Admission struct {
	Versions Versions
	Turns    *gate.Gate // of the requests that are worked on
	Long     *gate.Gate // of those that are much work: few places, so that others need not wait for them

	Slices     gate.Slices // of the work of those who have a turn
	LongSlices gate.Slices // of the work that is much

	log          zerolog.Logger
	guard        *auth.Guard      // nil without keys and tokens
	opened       []config.Opening // to everybody
	principals   *principals
	clients      *ratelimit.Limiter // nil without limits for each of them
	canaryHeader string             // in the canonical form; "" is the body
	draining     atomic.Bool
}

// New returns an admission by these settings. Without a guard everybody may do everything.
func New(settings *config.Settings, versions Versions, guard *auth.Guard, metrics *prometheus.Registry, log zerolog.Logger) *Admission {
	places := settings.MaxInFlight
	if places == 0 {
		places = 4 * runtime.GOMAXPROCS(0)
	}
	return &Admission{
		Versions:     versions,
		Turns:        gate.New(places, settings.Limits),
		Long:         gate.New(max(1, places/4), settings.Limits),
		Slices:       gate.Slices{Weight: 2},
		LongSlices:   gate.Slices{Weight: .25}, // small requests do not wait for it
		log:          log,
		guard:        guard,
		opened:       settings.Open,
		principals:   newPrincipals(metrics),
		clients:      newClients(settings.Clients, metrics),
		canaryHeader: http.CanonicalHeaderKey(settings.CanaryHeader),
	}
}

// Idle reports whether at least half of the processors have nothing to do, so that a
// request that comes now finds one.
func (a *Admission) Idle() bool {
	return a.Turns.Taken()+a.Long.Taken() < max(1, runtime.GOMAXPROCS(0)/2)
}

// Turn lets a handler of a version work when it is its request's turn.
func (a *Admission) Turn(h exchange.Handler) exchange.Handler {
	return func(e *exchange.Exchange, r *http.Request) (any, error) {
		if a.Turns.Full() {
			return nil, gate.ErrFull
		}
		if _, err := a.Version(e, r, nil); err != nil {
			return nil, err
		}
		if err := e.Enter(r.Context(), a.Turns); err != nil {
			return nil, err
		}
		return h(e, r)
	}
}

// Drain makes the service not ready any more. It goes on answering.
func (a *Admission) Drain() { a.draining.Store(true) }

// Draining returns ErrDraining if the service is about to stop.
func (a *Admission) Draining() error {
	if a.draining.Load() {
		return ErrDraining
	}
	return nil
}

// Ready returns what keeps the service from answering requests, if anything does.
func (a *Admission) Ready(ctx context.Context) error {
	if err := a.Draining(); err != nil {
		return err
	}
	err := a.Versions.Ready(ctx)
	if err != nil {
		a.log.Error().Err(err).Msg("not ready")
	}
	return err
}
