package monitor_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"tagifai/internal/monitor"
)

// The numbers are those of scipy 1.x: jensenshannon(p, q, base=2) of scipy.spatial.distance,
// chi2.ppf(0.999, bins - 1) of scipy.stats, and the sum of (q-p)·ln(q/p) in numpy with half
// a text more in each bin.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		name                   string
		baseline, current      []uint64
		psi, distance, byLimit float64
	}{
		{"the same", []uint64{10, 20, 30}, []uint64{10, 20, 30}, 0, 0, 0.4605170185988091},
		{"other sizes", []uint64{100, 200, 300}, []uint64{1, 2, 4}, 0.00715128639740216, 0.060847773515851196, 1.9966702163534082},
		{"an empty bin", []uint64{0, 50, 50}, []uint64{20, 40, 40}, 0.7752203800735229, 0.32868152693085756, 0.2763102111592855},
		{"nothing in common", []uint64{100, 0}, []uint64{0, 100}, 10.501593877344705, 1, 0.21655132341325467},
		{"ten bins", []uint64{1, 2, 3, 5, 8, 13, 21, 34, 55, 89}, []uint64{89, 55, 34, 21, 13, 8, 5, 3, 2, 1}, 5.247263075759348, 0.8245589765392105, 0.24136073481607417},
		{"an empty bin in both", []uint64{100, 0, 0}, []uint64{0, 0, 100}, 10.501593877344705, 1, 0.21655132341325467},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := monitor.PSI(c.baseline, c.current); math.Abs(got-c.psi) > 1e-12 {
				t.Errorf("PSI: got %v, want %v", got, c.psi)
			}
			if got := monitor.JSDistance(c.baseline, c.current); math.Abs(got-c.distance) > 1e-12 {
				t.Errorf("Jensen-Shannon distance: got %v, want %v", got, c.distance)
			}
			if got := monitor.ByChance(c.baseline, c.current); math.Abs(got/c.byLimit-1) > .035 { // an approximation
				t.Errorf("PSI by chance: got %v, want %v", got, c.byLimit)
			}
		})
	}
}

// Without texts there is no drift.
func TestDistancesOfNothing(t *testing.T) {
	none, some := []uint64{0, 0}, []uint64{1, 2}
	for _, c := range [][2][]uint64{{none, some}, {some, none}, {none, none}} {
		if psi, distance := monitor.PSI(c[0], c[1]), monitor.JSDistance(c[0], c[1]); psi != 0 || distance != 0 {
			t.Errorf("%v: got %v and %v", c, psi, distance)
		}
		if limit := monitor.ByChance(c[0], c[1]); !math.IsInf(limit, 1) {
			t.Errorf("%v: got a limit of %v", c, limit)
		}
	}
}

// Samples of one distribution are beyond what chance explains as rarely as the limit says,
// and samples of another are beyond it.
func TestByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sample := func(n int, edges []float64) []uint64 {
		bins := make([]uint64, len(edges)+1)
		for range n {
			bin, x := 0, rng.Float64()
			for bin < len(edges) && x > edges[bin] {
				bin++
			}
			bins[bin]++
		}
		return bins
	}
	same, other := []float64{.05, .1, .2, .35, .55, .8}, []float64{.2, .3, .4, .5, .6, .9}
	for _, n := range []int{30, 100, 1000} {
		beyond, missed := 0, 0
		for range 2000 {
			baseline, current, moved := sample(800, same), sample(n, same), sample(n, other)
			if monitor.PSI(baseline, current) > monitor.ByChance(baseline, current) {
				beyond++
			}
			if monitor.PSI(baseline, moved) <= monitor.ByChance(baseline, moved) {
				missed++
			}
		}
		if beyond > 20 {
			t.Errorf("%d texts: %d of 2000 samples of the same are beyond chance, want about 2", n, beyond)
		}
		if n >= 1000 && missed > 0 {
			t.Errorf("%d texts: %d of 2000 samples of another are within it", n, missed)
		}
		t.Logf("%d texts: %d of 2000 beyond chance, %d of another within it", n, beyond, missed)
	}
}

// The verdict is on what there is: a difference that few texts may show by chance is none.
func TestVerdict(t *testing.T) {
	baseline := &monitor.Baseline{
		Texts: 1000, Classes: []string{"a", "b"}, Class: []uint64{500, 500},
		UnknownNGrams: make([]uint64, 10), Length: make([]uint64, 10),
	}
	for _, c := range []struct {
		classes []uint64
		want    string
	}{
		{[]uint64{0, 0}, monitor.NoTexts},
		{[]uint64{6, 4}, monitor.TooFewTexts},
		{[]uint64{40, 0}, monitor.HasDrifted},
		{[]uint64{510, 490}, monitor.Quiet},
		{[]uint64{6000, 4000}, monitor.Moved},
		{[]uint64{9000, 1000}, monitor.HasDrifted},
	} {
		f := baseline.Compare(&monitor.Counts{Classes: c.classes}).Features[0]
		if got := f.Verdict(); got != c.want {
			t.Errorf("%d: got %q, want %q, with PSI %v and %v by chance", c.classes, got, c.want, f.PSI, f.ByChance)
		}
	}
}
