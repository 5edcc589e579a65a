package train

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"tagifai/internal/evaluation"
	"tagifai/internal/recipe"
	"tagifai/model/linear"
)

// A classifier is a linear classifier in training. It consists of one binary
// classifier for each class, or of a single one if there are two classes.
type classifier struct {
	args    *recipe.Args
	classes int
	targets []*target
}

// A target is a binary classifier: one class against the rest.
type target struct {
	class              int     // the samples of this class are positive
	positive, negative float64 // weights of the samples
	// The coefficients are scale × weights. The l2 penalty shrinks all of them for
	// every row; with a scale, that is one multiplication.
	weights   []float64
	scale     float64
	intercept float64
}

// newClassifier prepares a classifier for samples with these labels. How frequent the
// classes are is what the first samples say, the others being extra ones; of a class that
// only these have, they say it.
func newClassifier(args *recipe.Args, features int, labels []int, first, classes int) *classifier {
	weight := make([]float64, classes)
	for _, label := range labels[:first] {
		weight[label]++
	}
	counted, known := first, slices.Clone(weight)
	for _, label := range labels[first:] {
		if known[label] == 0 {
			weight[label]++
			counted++
		}
	}
	for class, n := range weight {
		if args.Balance == recipe.ClassWeights {
			weight[class] = float64(counted) / (float64(classes) * n)
		} else {
			weight[class] = 1
		}
	}
	c := &classifier{args: args, classes: classes}
	for class := range classes {
		t := &target{class: class, positive: weight[class], negative: 1, weights: make([]float64, features), scale: 1}
		if classes == 2 {
			if class == 0 {
				continue // the target of class 1 serves both
			}
			t.negative = weight[0] // with more classes, scikit-learn leaves it at 1
		}
		c.targets = append(c.targets, t)
	}
	return c
}

// epoch trains every target on all rows of the matrix once, in the given order. Each row
// has a weight, scikit-learn's sample_weight. The targets are independent, so the result
// does not depend on the number of cores. They go in pairs, which read a row once.
func (c *classifier) epoch(matrix *rows, labels []int, weights []float64, order []int) {
	var wg sync.WaitGroup
	for pair := range slices.Chunk(c.targets, 2) {
		wg.Go(func() { epoch(c.args, pair, matrix, labels, weights, order) })
	}
	wg.Wait()
}

const (
	maxGradient    = 1e12
	interceptDecay = 0.01 // factor of the rate, since the intercept sees every row and a coefficient few
	smallestScale  = 1e-9 // below it, the scale goes into the weights, so that they do not overflow
)

// epoch does what SGDClassifier.fit of scikit-learn 1.2 does (_plain_sgd) with
// max_iter=1, log loss, an l2 penalty and sparse rows: t begins at 1.
func epoch(args *recipe.Args, pair []*target, matrix *rows, labels []int, weights []float64, order []int) {
	rate := args.LearningRate
	optimalT0 := 1 / (args.Alpha * math.Sqrt(1/math.Sqrt(args.Alpha)))
	var scores, steps [2]float64
	for n, i := range order {
		columns, values := matrix.row(i)
		scorePair(scores[:], pair, columns, values)
		switch args.Schedule {
		case recipe.Optimal:
			rate = 1 / (args.Alpha * (optimalT0 + float64(n)))
		case recipe.InvScaling:
			rate = args.LearningRate / math.Pow(float64(n+1), args.PowerT)
		}
		for k, t := range pair {
			y, weight := -1.0, t.negative
			if labels[i] == t.class {
				y, weight = 1, t.positive
			}
			gradient := max(-maxGradient, min(logLossGradient(y, scores[k]), maxGradient))
			t.shrink(max(0, 1-rate*args.Alpha))
			steps[k] = -rate * gradient * weight * weights[i]
			t.intercept += steps[k] * interceptDecay
		}
		addPair(pair, steps[:], columns, values)
	}
}

// scorePair sets scores to those that one or two targets give a row. Two at once hide how
// long an addition takes, which has to wait for the one before it.
func scorePair(scores []float64, pair []*target, columns []int32, values []float64) {
	values = values[:len(columns)]
	t := pair[0]
	if len(pair) == 1 {
		sum := 0.0
		for j, c := range columns {
			sum += t.weights[c] * values[j]
		}
		scores[0] = t.scale*sum + t.intercept
		return
	}
	u := pair[1]
	first, second := t.weights, u.weights[:len(t.weights)]
	sum, other := 0.0, 0.0
	for j, c := range columns {
		sum += first[c] * values[j]
		other += second[c] * values[j]
	}
	scores[0], scores[1] = t.scale*sum+t.intercept, u.scale*other+u.intercept
}

// addPair adds a step along a row to the coefficients of each target.
func addPair(pair []*target, steps []float64, columns []int32, values []float64) {
	values = values[:len(columns)]
	if len(pair) == 2 && steps[0] != 0 && steps[1] != 0 {
		first, second := pair[0].weights, pair[1].weights[:len(pair[0].weights)]
		factor, other := steps[0]/pair[0].scale, steps[1]/pair[1].scale
		for j, c := range columns {
			first[c] += factor * values[j]
			second[c] += other * values[j]
		}
		return
	}
	for k, t := range pair {
		if steps[k] == 0 {
			continue
		}
		factor := steps[k] / t.scale
		for j, c := range columns {
			t.weights[c] += factor * values[j]
		}
	}
}

func (t *target) shrink(by float64) {
	t.scale *= by
	if t.scale < smallestScale {
		for i := range t.weights {
			t.weights[i] *= t.scale
		}
		t.scale = 1
	}
}

// logLossGradient is the derivative of ln(1 + exp(-y·score)) by the score, with the
// approximations of scikit-learn's Log loss for large |y·score|.
func logLossGradient(y, score float64) float64 {
	z := y * score
	switch {
	case z > 18:
		return -y * math.Exp(-z)
	case z < -18:
		return -y
	}
	return -y / (math.Exp(z) + 1)
}

// coefficients returns the coefficients, row by row, and the intercepts.
func (c *classifier) coefficients() (coefficients, intercepts []float64) {
	for _, t := range c.targets {
		for _, w := range t.weights {
			coefficients = append(coefficients, w*t.scale)
		}
		intercepts = append(intercepts, t.intercept)
	}
	return coefficients, intercepts
}

// finite reports whether all weights are finite.
func (c *classifier) finite() bool {
	for _, t := range c.targets {
		sum := t.intercept * t.scale
		for _, w := range t.weights {
			sum += math.Abs(w)
		}
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return false
		}
	}
	return true
}

// meanLoss returns the mean log loss over the matrix, whose rows have these weights.
func (c *classifier) meanLoss(matrix *rows, labels []int, weights []float64) float64 {
	losses := make([]float64, matrix.len())
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		wg.Go(func() {
			scores := make([]float64, len(c.targets))
			probabilities := make([]float64, c.classes)
			for i := worker; i < len(losses); i += workers {
				columns, values := matrix.row(i)
				for k := 0; k < len(scores); k += 2 {
					scorePair(scores[k:], c.targets[k:min(k+2, len(scores))], columns, values)
				}
				linear.LogLoss.Probabilities(probabilities, scores)
				losses[i] = evaluation.LogLoss(probabilities[labels[i]])
			}
		})
	}
	wg.Wait()
	return mean(losses, weights) // summed in order, so that the number of workers does not matter
}

// mean returns the mean of values that have these weights, 0 if all weights are.
func mean(values, weights []float64) float64 {
	sum, total := 0.0, 0.0
	for i, v := range values {
		sum += weights[i] * v
		total += weights[i]
	}
	if total == 0 {
		return 0
	}
	return sum / total
}
