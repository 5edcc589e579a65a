package admission

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

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
