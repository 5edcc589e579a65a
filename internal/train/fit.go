package train

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"tagifai/model"
)

// rows is a sparse matrix, one row for each text, with a column for each n-gram of
// the vocabulary (compressed sparse rows: row i is at ends[i-1]:ends[i]).
type rows struct {
	ends    []int
	columns []int32 // ascending within a row
	values  []float64
}

func (r *rows) len() int { return len(r.ends) }

func (r *rows) row(i int) ([]int32, []float64) {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.columns[start:r.ends[i]], r.values[start:r.ends[i]]
}

// A vectorizer is fitted: it has a vocabulary and its idf.
type vectorizer struct {
	model.Vectorizer
	ngrams []string         // sorted by code point
	column map[string]int32 // of each n-gram
	idf    []float64        // nil if the vectorizer uses none
}

// fitVectorizer learns the vocabulary of texts and its idf, and returns the texts'
// TF-IDF matrix with it.
func fitVectorizer(params model.Vectorizer, texts []string) (*vectorizer, *rows) {
	v := &vectorizer{Vectorizer: params, column: make(map[string]int32)}
	counts := v.count(texts, func(ngram []byte) int32 {
		column, ok := v.column[string(ngram)]
		if !ok {
			column = int32(len(v.ngrams))
			v.ngrams = append(v.ngrams, string(ngram))
			v.column[v.ngrams[column]] = column
		}
		return column
	})

	// The columns were numbered as they came; now they get the n-grams' order.
	arrival := make([]int32, len(v.ngrams))
	for i := range arrival {
		arrival[i] = int32(i)
	}
	slices.SortFunc(arrival, func(a, b int32) int {
		if v.ngrams[a] < v.ngrams[b] {
			return -1
		}
		return 1
	})
	column := make([]int32, len(arrival))
	ngrams := make([]string, len(arrival))
	for i, old := range arrival {
		column[old] = int32(i)
		ngrams[i] = v.ngrams[old]
		v.column[ngrams[i]] = int32(i)
	}
	v.ngrams = ngrams
	for i, old := range counts.columns {
		counts.columns[i] = column[old]
	}
	counts.sort()

	if v.UseIDF {
		v.idf = idf(counts, len(v.ngrams))
	}
	v.weigh(counts)
	return v, counts
}

// transform returns the TF-IDF matrix of texts. N-grams outside the vocabulary do
// not count.
func (v *vectorizer) transform(texts []string) *rows {
	matrix := v.count(texts, func(ngram []byte) int32 {
		if column, ok := v.column[string(ngram)]; ok {
			return column
		}
		return -1
	})
	matrix.sort()
	v.weigh(matrix)
	return matrix
}

// count returns how often each text has each n-gram; column numbers them, -1 leaves
// one out. The rows are in the order of first occurrence.
func (v *vectorizer) count(texts []string, column func([]byte) int32) *rows {
	counts := &rows{ends: make([]int, 0, len(texts))}
	var place []int32 // in the current row of each column, plus 1; 0 if it has none
	for _, text := range texts {
		start := len(counts.columns)
		for ngram := range v.NGrams(text) {
			c := column(ngram)
			if c < 0 {
				continue
			}
			if int(c) >= len(place) {
				place = append(place, make([]int32, int(c)+1-len(place))...)
			}
			if place[c] == 0 {
				counts.columns = append(counts.columns, c)
				counts.values = append(counts.values, 0)
				place[c] = int32(len(counts.columns) - start)
			}
			counts.values[start+int(place[c])-1]++
		}
		for _, c := range counts.columns[start:] {
			place[c] = 0
		}
		counts.ends = append(counts.ends, len(counts.columns))
	}
	return counts
}

// sort puts each row in the order of its columns.
func (r *rows) sort() {
	type entry struct {
		column int32
		value  float64
	}
	var entries []entry
	for i := range r.ends {
		columns, values := r.row(i)
		entries = entries[:0]
		for j, c := range columns {
			entries = append(entries, entry{c, values[j]})
		}
		slices.SortFunc(entries, func(a, b entry) int { return int(a.column) - int(b.column) })
		for j, e := range entries {
			columns[j], values[j] = e.column, e.value
		}
	}
}

// idf is ln((1 + rows) / (1 + rows with the n-gram)) + 1: smooth_idf of
// scikit-learn's TfidfTransformer.
func idf(counts *rows, features int) []float64 {
	with := make([]float64, features)
	for _, c := range counts.columns {
		with[c]++
	}
	for c, n := range with {
		with[c] = math.Log((1+float64(counts.len()))/(1+n)) + 1
	}
	return with
}

// weigh turns counts into TF-IDF.
func (v *vectorizer) weigh(counts *rows) {
	for i := range counts.ends {
		columns, values := counts.row(i)
		norm := 0.0
		for j, c := range columns {
			switch {
			case v.Binary:
				values[j] = 1
			case v.SublinearTF:
				values[j] = 1 + math.Log(values[j])
			}
			if v.idf != nil {
				values[j] *= v.idf[c]
			}
			switch v.Norm {
			case model.L2:
				norm += values[j] * values[j]
			case model.L1:
				norm += math.Abs(values[j])
			}
		}
		if v.Norm == model.L2 {
			norm = math.Sqrt(norm)
		}
		if norm > 0 {
			for j := range values {
				values[j] /= norm
			}
		}
	}
}

// A classifier is a linear classifier in training: one binary classifier for each
// class against the rest, or a single one if there are two classes.
type classifier struct {
	args    *Args
	classes int
	targets []*target
}

// A target is one of the binary classifiers.
type target struct {
	class              int // whose samples are positive
	positive, negative float64
	// The coefficients are scale × weights: the l2 penalty shrinks all of them for
	// every row, which so is one multiplication.
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
				continue // the one for class 1 answers for both
			}
			t.negative = weight[0] // weighted only here: against the rest, scikit-learn leaves it at 1
		}
		c.targets = append(c.targets, t)
	}
	return c
}

// epoch goes once over the matrix, in the given order, for every target. The
// targets do not depend on each other, so the result does not depend on the number
// of cores.
func (c *classifier) epoch(matrix *rows, labels, order []int) {
	var wg sync.WaitGroup
	for _, t := range c.targets {
		wg.Go(func() { t.epoch(c.args, matrix, labels, order) })
	}
	wg.Wait()
}

const (
	maxGradient    = 1e12
	interceptDecay = 0.01 // of the rate: the intercept sees every row, a coefficient few
	smallestScale  = 1e-9 // below it the weights are scaled, lest they overflow
)

// epoch is one fit of scikit-learn's SGDClassifier with max_iter=1, log loss and an
// l2 penalty on sparse rows (_plain_sgd of version 1.2): t begins at 1.
func (t *target) epoch(args *Args, matrix *rows, labels, order []int) {
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
		if step := -rate * gradient * weight; step != 0 {
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

// finite reports whether the classifier still consists of numbers.
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

// meanLoss returns the mean log loss over the matrix.
func (c *classifier) meanLoss(matrix *rows, labels []int) float64 {
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
				losses[i] = logLoss(probabilities[labels[i]])
			}
		})
	}
	wg.Wait()
	return mean(losses) // in their order: the same sum whatever the number of workers
}

// logLoss is the loss of a sample whose true class got probability p, which is kept
// off 0 and 1 by the distance between 1 and the next number, as in scikit-learn's
// log_loss.
func logLoss(p float64) float64 {
	const epsilon = 0x1p-52
	return -math.Log(max(epsilon, min(p, 1-epsilon)))
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// sequence returns the numbers 0 to n-1.
func sequence(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}
