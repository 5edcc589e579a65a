package admission

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// However many subjects an issuer knows, there are no more than a number of labels.
func TestPrincipalsAreBounded(t *testing.T) {
	const more = 50
	metrics := prometheus.NewRegistry()
	p := newPrincipals(metrics)
	for i := range maxPrincipals + more {
		p.count(fmt.Sprint("jwt:", i))
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, m := range families[0].GetMetric() {
		counts[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	if got := counts[otherPrincipals]; got != more {
		t.Errorf("%v requests are of others, want %v", got, more)
	}
	if got := len(counts); got != maxPrincipals+1 {
		t.Errorf("%d labels, want %d", got, maxPrincipals+1)
	}
}
