package server

import (
	"net/http"
	"runtime"

	"tagifai/internal/gate"
	"tagifai/internal/server/exchange"
)

// Idle reports whether at least half of the processors have nothing to do, so that a
// request that comes now finds one.
func (s *Server) Idle() bool {
	return s.gate.Taken()+s.long.Taken() < max(1, runtime.GOMAXPROCS(0)/2)
}

// turn lets a exchange.Handler of a version work when it is its request's turn.
func (s *Server) turn(h exchange.Handler) exchange.Handler {
	return func(e *exchange.Exchange, r *http.Request) (any, error) {
		if s.gate.Full() {
			return nil, gate.ErrFull
		}
		if _, err := s.version(e, r, nil); err != nil {
			return nil, err
		}
		if err := e.Enter(r.Context(), s.gate); err != nil {
			return nil, err
		}
		return h(e, r)
	}
}

// A request of more texts than longTexts, or of a longer document than longDocument, is
// much work. Such requests have few places of their own, so that others need not wait for
// them.
const (
	longTexts    = 1000
	longDocument = 128 << 10
)
