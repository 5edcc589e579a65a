package server

import (
	"cmp"
	"fmt"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
)

// A need is what a route asks of who wants it, if there is a guard.
type need struct {
	action auth.Action
	of     object
	part   config.Opening // that the route belongs to and that may be open to everybody; "" is none
}

// An object is what the action is done to.
type object uint8

const (
	nothing    object = iota // or the handler sees to it
	itsModel                 // that the path names, else the default model
	everyModel               // the service as a whole
)

// What routes need. A new route takes one of these.
var (
	forHealth  = need{auth.Read, nothing, config.OpenHealth}
	forDocs    = need{auth.Read, nothing, config.OpenDocs}
	forMetrics = need{auth.Read, everyModel, config.OpenMetrics} // they tell of all models
	toRead     = need{auth.Read, itsModel, ""}
	toList     = need{auth.Read, nothing, ""} // a list holds only what the principal may use
	toPredict  = need{auth.Predict, itsModel, ""}
	toExplain  = need{auth.Explain, itsModel, ""} // beside toPredict
	toChange   = need{auth.Admin, itsModel, ""}
	toRun      = need{auth.Admin, everyModel, ""}
)

// guarded lets a handler answer those who have what it needs. What is refused counts
// against the limits of its client, if there are any.
func (s *Server) guarded(n need, limits bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := exchange.Of(w)
		err := s.identify(e, r)
		if err == nil {
			err = s.permit(e.Principal, n, r)
		}
		if err != nil {
			if limits {
				err = cmp.Or(s.countRequest(e), err)
			}
			exchange.Fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// identify notes in the exchange who asks.
func (s *Server) identify(e *exchange.Exchange, r *http.Request) (err error) {
	if e.Principal, err = s.guard.Authenticate(r.Context(), r.Header, e.Start); err == nil {
		s.principals.count(e.Principal.ID())
	}
	return err
}

// permitToo returns what keeps a client from what a request asks for beside what its route
// needs, if anything does.
func (s *Server) permitToo(e *exchange.Exchange, n need, r *http.Request) error {
	if s.guard == nil {
		return nil
	}
	return s.permit(e.Principal, n, r)
}

// permit returns what keeps a principal from what a route needs, if anything does.
func (s *Server) permit(p *auth.Principal, n need, r *http.Request) error {
	switch {
	case !p.May(n.action):
		return &forbiddenError{"The action " + n.action.String() + " is needed, which the credential does not have", n.action}
	case n.of == nothing || p.MayUseAll():
		return nil
	case n.of == everyModel:
		return &forbiddenError{"A credential for every model is needed", n.action}
	}
	model := refOf(r).Model
	if model == "" {
		if model = s.versions.Default(); model == "" {
			return registry.ErrNotReady
		}
	}
	if !p.MayUse(model) {
		return &forbiddenError{fmt.Sprintf("The credential is not for the model %.80q", model), n.action}
	}
	return nil
}

// A forbiddenError says what a credential does not allow.
type forbiddenError struct {
	text   string
	action auth.Action
}

func (e *forbiddenError) Error() string { return e.text }

// principals count requests by principal. There are never more than a number of labels.
type principals struct {
	vec *prometheus.CounterVec

	mu     sync.RWMutex
	counts map[string]prometheus.Counter // by id
}

const (
	maxPrincipals   = 1000
	otherPrincipals = "_other"
)

func newPrincipals(registry *prometheus.Registry) *principals {
	p := &principals{
		vec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_principal_requests_total",
			Help: "Requests with a valid credential, by the id of its principal: the first thousand, and _other.",
		}, []string{"principal"}),
		counts: map[string]prometheus.Counter{},
	}
	registry.MustRegister(p.vec)
	return p
}

func (p *principals) count(id string) {
	p.mu.RLock()
	counter := p.counts[id]
	p.mu.RUnlock()
	if counter == nil {
		counter = p.counter(id)
	}
	counter.Inc()
}

// counter returns the counter of a principal that has none yet.
func (p *principals) counter(id string) prometheus.Counter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.counts) >= maxPrincipals {
		return p.vec.WithLabelValues(otherPrincipals)
	}
	counter := p.vec.WithLabelValues(id)
	p.counts[id] = counter
	return counter
}
