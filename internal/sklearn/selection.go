package sklearn

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/pickle"
)

// selected returns which features a selector keeps.
func (f *features) selected(n pickle.Node) ([]bool, error) {
	switch n.Class() {
	case varianceThreshold:
		variances, err := f.array(n, "variances_")
		if err != nil {
			return nil, err
		}
		threshold, err := number(n, "threshold")
		if err != nil {
			return nil, err
		}
		return above(variances, threshold), nil
	case selectFromModel:
		return f.important(n)
	}
	attr, err := n.Attr("scores_")
	if err != nil {
		return nil, err
	}
	scores, err := attr.AnyNumbers(f.count())
	if err != nil {
		return nil, err
	}
	for i, x := range scores {
		if math.IsNaN(x) {
			scores[i] = -math.MaxFloat64
		}
	}
	if n.Class() == selectKBest {
		k, err := n.Attr("k")
		if err != nil {
			return nil, err
		}
		count, ok := k.Int()
		if k.Is("all") {
			count, ok = int64(len(scores)), true
		}
		if !ok || count < 0 {
			return nil, k.Wrong("a number or 'all'")
		}
		return best(scores, int(min(count, int64(len(scores))))), nil
	}
	percentile, err := number(n, "percentile")
	if err != nil {
		return nil, err
	}
	return bestPercent(scores, percentile), nil
}

func above(values []float64, threshold float64) []bool {
	mask := make([]bool, len(values))
	for i, x := range values {
		mask[i] = x > threshold
	}
	return mask
}

// best keeps the k highest scores, and of those that are the same the last.
func best(scores []float64, k int) []bool {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(scores[a], scores[b]) })
	mask := make([]bool, len(scores))
	for _, i := range order[len(order)-k:] {
		mask[i] = true
	}
	return mask
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// bestPercent keeps the scores above a percentile. Formula:
// SelectPercentile._get_support_mask and numpy.percentile.
func bestPercent(scores []float64, percent float64) []bool {
	n := len(scores)
	if percent >= 100 || n == 0 {
		return best(scores, n)
	}
	if percent <= 0 {
		return make([]bool, n)
	}
	sorted := slices.Clone(scores)
	slices.SortFunc(sorted, compare)
	at := (100 - percent) / 100 * float64(n-1)
	low := int(at)
	part := at - float64(low)
	a, b := sorted[low], sorted[min(low+1, n-1)]
	threshold := a + (b-a)*part
	if part >= 0.5 {
		threshold = b - (b-a)*(1-part)
	}
	mask := above(scores, threshold)
	left := int(float64(n) * percent / 100)
	for _, keep := range mask {
		if keep {
			left--
		}
	}
	for i, x := range scores {
		if x == threshold && left > 0 {
			mask[i] = true
			left--
		}
	}
	return mask
}

// important returns the features that a SelectFromModel keeps.
func (f *features) important(n pickle.Node) ([]bool, error) {
	prefit, err := n.Flag("prefit")
	if err != nil {
		return nil, err
	}
	name := "estimator_"
	if _, ok := n.Find(name); !ok && prefit {
		name = "estimator"
	}
	estimator, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	if getter, ok := n.Find("importance_getter"); ok && !getter.Is("auto") && !getter.Is("coef_") {
		return nil, getter.Wrong("'auto' or 'coef_'")
	}
	importances, err := f.importances(n, estimator)
	if err != nil {
		return nil, err
	}
	threshold, err := importanceThreshold(n, estimator, importances)
	if err != nil {
		return nil, err
	}
	mask := make([]bool, len(importances))
	for i := range mask {
		mask[i] = true
	}
	if most, ok := n.Find("max_features"); ok && !most.IsNone() {
		k, ok := most.Int()
		if !ok || k < 0 || k > int64(len(importances)) {
			return nil, most.Wrong("None or a number")
		}
		negated := make([]float64, len(importances))
		for i, x := range importances {
			negated[len(negated)-1-i] = x // of those that are the same the first
		}
		mask = best(negated, int(k))
		slices.Reverse(mask)
	}
	for i, x := range importances {
		mask[i] = mask[i] && x >= threshold
	}
	return mask, nil
}

// importances are the norms of the columns of an estimator's coefficients.
func (f *features) importances(n, estimator pickle.Node) ([]float64, error) {
	coef, ok := estimator.Find("coef_")
	if !ok {
		return nil, estimator.Wrong("a linear model, which has coef_,")
	}
	order := 1.0
	if _, ok := n.Find("norm_order"); ok {
		var err error
		if order, err = number(n, "norm_order"); err != nil {
			return nil, err
		}
	}
	shape, _ := coef.Shape()
	if len(shape) == 0 || len(shape) > 2 {
		return nil, coef.Wrong("an array")
	}
	columns := shape[len(shape)-1]
	if err := f.fits(coef, columns); err != nil {
		return nil, err
	}
	numbers, err := coef.Numbers(shape...)
	if err != nil {
		return nil, err
	}
	importances := make([]float64, columns)
	for i, x := range numbers {
		x = math.Abs(x)
		switch sum := &importances[i%columns]; {
		case len(shape) == 1 || math.IsInf(order, 1):
			*sum = max(*sum, x)
		case order == 1:
			*sum += x
		case order == 2:
			*sum += x * x
		default:
			return nil, fmt.Errorf("%s.norm_order is %v, only 1, 2 and inf are supported", n.Path(), order)
		}
	}
	if order == 2 && len(shape) == 2 {
		for i, x := range importances {
			importances[i] = math.Sqrt(x)
		}
	}
	return importances, nil
}

// importanceThreshold follows _calculate_threshold.
func importanceThreshold(n, estimator pickle.Node, importances []float64) (float64, error) {
	a, err := n.Attr("threshold")
	if err != nil {
		return 0, err
	}
	if x, ok := a.Float(); ok {
		return x, nil
	}
	text := a.Excerpt()
	if a.IsNone() {
		text = "mean"
		penalty, _ := estimator.Find("penalty")
		ratio, _ := estimator.Find("l1_ratio")
		x, _ := ratio.Float()
		if penalty.Is("l1") || estimator.Class() == logisticRegression && x == 1 && atLeast(estimator, 8) {
			return 1e-5, nil
		}
	}
	factor := 1.0
	if before, after, ok := strings.Cut(text, "*"); ok {
		if factor, err = strconv.ParseFloat(strings.TrimSpace(before), 64); err != nil {
			return 0, a.Wrong("a number, 'mean', 'median' or a multiple of these")
		}
		text = strings.TrimSpace(after)
	}
	count := len(importances)
	switch {
	case text == "mean":
		sum := 0.0
		for _, x := range importances {
			sum += x
		}
		return factor * (sum / float64(count)), nil
	case text == "median" && count > 0:
		sorted := slices.Clone(importances)
		slices.SortFunc(sorted, compare)
		return factor * (sorted[(count-1)/2] + sorted[count/2]) / 2, nil
	}
	return 0, a.Wrong("a number, 'mean', 'median' or a multiple of these")
}
