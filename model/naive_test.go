package model_test

import (
	"math"

	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// naive predicts as the definition reads, with maps and strings: the twin that the
// fast path is held against. The n-grams of the text are those of package tfidf, which has
// a naive twin of its own. probabilities are nil if there are none.
func (twin *twin) naive(text string) (probabilities, rows []float64) {
	w := twin.weights
	rows = make([]float64, w.Rows())
	outer, column := 0.0, 0
	for i := range w.Blocks {
		b := &w.Blocks[i]
		vector := naiveVector(b, twin.columns[i], text)
		for of, x := range vector {
			outer += power(w.Norm, x)
			for k := range rows {
				rows[k] += x * w.Coefficients[k*w.Features()+column+of]
			}
		}
		column += b.NGrams.Len()
	}
	for k := range rows {
		rows[k] = rows[k]/root(w.Norm, outer) + w.Intercepts[k]
	}
	if !w.HasProbabilities() {
		return nil, rows
	}
	probabilities = make([]float64, len(w.Classes))
	left, weights := rows, 0.0
	for _, l := range w.Links {
		n := len(w.Classes)
		if n == 2 {
			n = 1
		}
		for k, p := range naiveLink(l, len(w.Classes), left[:n]) {
			probabilities[k] += l.Weight * p
		}
		left, weights = left[n:], weights+l.Weight
	}
	for k := range probabilities {
		probabilities[k] /= weights
	}
	return probabilities, rows
}

// naiveVector is the vector of text in one block, without zeros.
func naiveVector(b *linear.Block, columns map[string]int, text string) map[int]float64 {
	v := &b.Vectorizer
	vector := make(map[int]float64)
	for ngram := range v.NGrams(text) {
		if column, ok := columns[string(ngram)]; ok {
			vector[column]++
		}
	}
	norm := 0.0
	for column, tf := range vector {
		if v.Binary {
			tf = 1
		}
		if v.SublinearTF {
			tf = 1 + math.Log(tf)
		}
		if v.UseIDF {
			tf *= b.IDF[column]
		}
		vector[column] = tf
		norm += power(v.Norm, tf)
	}
	for column := range vector {
		vector[column] *= b.Weight / root(v.Norm, norm)
	}
	return vector
}

func power(norm tfidf.Norm, x float64) float64 {
	if norm == tfidf.L2 {
		return x * x
	}
	return math.Abs(x)
}

func root(norm tfidf.Norm, sum float64) float64 {
	switch {
	case norm == tfidf.NoNorm || sum == 0:
		return 1
	case norm == tfidf.L2:
		return math.Sqrt(sum)
	}
	return sum
}

func naiveLink(l linear.Link, classes int, scores []float64) []float64 {
	probabilities := make([]float64, classes)
	l.Loss.Probabilities(probabilities, scores)
	if l.Calibrators == nil {
		return probabilities
	}
	if l.Loss != linear.NoLoss {
		scores = append([]float64(nil), probabilities[classes-len(scores):]...)
	}
	sum := 0.0
	for k, c := range l.Calibrators {
		x := scores[k]
		if c.Y == nil {
			probabilities[k] = 1 / (1 + math.Exp(c.Slope*x+c.Offset))
		} else {
			probabilities[k] = c.Y[0]
			for i := 1; i < len(c.X); i++ {
				if x >= c.X[i-1] {
					along := (min(x, c.X[i]) - c.X[i-1]) / (c.X[i] - c.X[i-1])
					probabilities[k] = c.Y[i-1] + along*(c.Y[i]-c.Y[i-1])
				}
			}
		}
		sum += probabilities[k]
	}
	if len(scores) == 1 {
		return []float64{1 - probabilities[0], probabilities[0]}
	}
	for k := range probabilities {
		if sum == 0 {
			probabilities[k] = 1 / float64(classes)
		} else {
			probabilities[k] /= sum
		}
	}
	return probabilities
}
