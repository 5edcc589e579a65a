package train

import (
	"math"
	"runtime"
	"sync"

	"tagifai/internal/evaluation"
	"tagifai/model"
)

// A classifier is a linear classifier in training. It consists of one binary
// classifier for each class, or of a single one if there are two classes.
type classifier struct {
	args    *Args
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

// newClassifier prepares a classifier for samples with these labels.
func newClassifier(args *Args, features int, labels []int, classes int) *classifier {
	weight := make([]float64, classes)
	for _, label := range labels {
		weight[label]++
	}
	for class, n := range weight {
		if args.Balance == ClassWeights {
			weight[class] = float64(len(labels)) / (float64(classes) * n)
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
// has a weight, scikit-learn's sample_weight. The
// targets are independent, so the result does not depend on the number of cores.
func (c *classifier) epoch(matrix *rows, labels []int, weights []float64, order []int) {
	var wg sync.WaitGroup
	for _, t := range c.targets {
		wg.Go(func() { t.epoch(c.args, matrix, labels, weights, order) })
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
func (t *target) epoch(args *Args, matrix *rows, labels []int, weights []float64, order []int) {
	rate := args.LearningRate
	optimalT0 := 1 / (args.Alpha * math.Sqrt(1/math.Sqrt(args.Alpha)))
	for n, i := range order {
		columns, values := matrix.row(i)
		score := t.scale*dot(t.weights, columns, values) + t.intercept
		switch args.Schedule {
		case Optimal:
			rate = 1 / (args.Alpha * (optimalT0 + float64(n)))
		case InvScaling:
			rate = args.LearningRate / math.Pow(float64(n+1), args.PowerT)
		}
		y, weight := -1.0, t.negative
		if labels[i] == t.class {
			y, weight = 1, t.positive
		}
		gradient := max(-maxGradient, min(logLossGradient(y, score), maxGradient))
		t.shrink(max(0, 1-rate*args.Alpha))
		if step := -rate * gradient * weight * weights[i]; step != 0 {
			factor := step / t.scale
			for j, c := range columns {
				t.weights[c] += factor * values[j]
			}
			t.intercept += step * interceptDecay
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

func dot(weights []float64, columns []int32, values []float64) float64 {
	sum := 0.0
	for j, c := range columns {
		sum += weights[c] * values[j]
	}
	return sum
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

// average returns the mean of classifiers that were trained on the same columns.
func average(of []*classifier) *classifier {
	if len(of) == 1 {
		return of[0]
	}
	mean := &classifier{args: of[0].args, classes: of[0].classes}
	for k, t := range of[0].targets {
		sum := &target{class: t.class, weights: make([]float64, len(t.weights)), scale: 1}
		for _, c := range of {
			part := c.targets[k]
			factor := part.scale / float64(len(of))
			for i, w := range part.weights {
				sum.weights[i] += factor * w
			}
			sum.intercept += part.intercept / float64(len(of))
		}
		mean.targets = append(mean.targets, sum)
	}
	return mean
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
				for k, t := range c.targets {
					scores[k] = t.scale*dot(t.weights, columns, values) + t.intercept
				}
				model.LogLoss.Probabilities(probabilities, scores)
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
