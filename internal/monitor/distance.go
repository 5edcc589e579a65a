package monitor

import "math"

// PSI returns the population stability index of two histograms with the same bins: the
// sum over the bins of
//
//	(q - p) · ln(q / p)
//
// where p and q are the shares of the bin. See Siddiqi: Credit Risk Scorecards, 2006. The
// usual reading is: below 0.1 nothing has changed, above 0.25 much has. Half a text is
// added to each bin, so that an empty one has a logarithm; bins that are empty in both are
// left out. It is 0 if a histogram has no texts.
func PSI(baseline, current []uint64) float64 {
	n, m, bins := totals(baseline, current)
	if n == 0 || m == 0 {
		return 0
	}
	const added = .5
	psi := 0.0
	for i := range baseline {
		if baseline[i] == 0 && current[i] == 0 {
			continue
		}
		p := (float64(baseline[i]) + added) / (n + added*bins)
		q := (float64(current[i]) + added) / (m + added*bins)
		psi += (q - p) * math.Log(q/p)
	}
	return psi
}

// ByChance returns the PSI that two samples of one distribution stay below in 999 of 1000
// cases: (1/n + 1/m) times the 0.999 quantile of chi squared with one degree of freedom
// less than there are bins. See Yurdakul, Naranjo: Statistical properties of the population
// stability index, Journal of Risk Model Validation 14(4), 2020. The quantile is the
// approximation of Wilson and Hilferty, 1931. It is infinite if a histogram has no texts.
func ByChance(baseline, current []uint64) float64 {
	n, m, bins := totals(baseline, current)
	if n == 0 || m == 0 {
		return math.Inf(1)
	}
	const z = 3.0902 // the quantile of the normal distribution
	k := bins - 1
	if k == 0 {
		return 0
	}
	a := 2 / (9 * k)
	return (1/n + 1/m) * k * math.Pow(1-a+z*math.Sqrt(a), 3)
}

// JSDistance returns the Jensen-Shannon distance of two histograms with the same bins: the
// root of the mean of the Kullback-Leibler divergences, in bits, of each from the mean of
// both. It is 0 if they are equal and 1 if they have no bin in common. See Endres,
// Schindelin: A new metric for probability distributions, 2003; it is jensenshannon of
// scipy.spatial.distance with base 2. It is 0 if a histogram has no texts.
func JSDistance(baseline, current []uint64) float64 {
	n, m, _ := totals(baseline, current)
	if n == 0 || m == 0 {
		return 0
	}
	divergence := 0.0
	for i := range baseline {
		p, q := float64(baseline[i])/n, float64(current[i])/m
		mean := (p + q) / 2
		if p > 0 {
			divergence += p * math.Log2(p/mean)
		}
		if q > 0 {
			divergence += q * math.Log2(q/mean)
		}
	}
	return math.Sqrt(max(0, divergence/2)) // rounding may leave less than 0
}

// totals returns the texts of two histograms, and the number of bins that are not empty in
// both.
func totals(a, b []uint64) (n, m, bins float64) {
	for i := range a {
		n += float64(a[i])
		m += float64(b[i])
		if a[i]+b[i] > 0 {
			bins++
		}
	}
	return n, m, bins
}
