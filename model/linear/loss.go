package linear

import (
	"math"
	"slices"
)

// A Loss is what a classifier was trained to minimise. It decides how scores
// become probabilities.
type Loss string

// The losses.
const (
	// LogLoss makes each score a probability by the logistic function, and divides
	// these by their sum.
	LogLoss Loss = "log_loss"
	// ModifiedHuber does so by (clip(score, -1, 1) + 1) / 2.
	ModifiedHuber Loss = "modified_huber"
	// Multinomial makes all scores probabilities at once, by the softmax function. A
	// single score s, of two classes, stands for -s and s.
	Multinomial Loss = "multinomial"
	// NoLoss makes no probabilities: the class of the highest score is the answer. It
	// stands for hinge loss, among others.
	NoLoss Loss = "none"
	// OneVsOne makes none either. It has a row for each pair of classes, in favour of
	// the second: (0, 1), (0, 2), … (1, 2), …. Each row gives one vote. Between classes
	// with the same number of votes the sum of their scores decides.
	OneVsOne Loss = "one_vs_one"
)

var losses = []Loss{LogLoss, ModifiedHuber, Multinomial, NoLoss, OneVsOne}

// Probabilities sets dst, one element for each class, from the scores of one text,
// one for each row of coefficients. Formulas: SGDClassifier.predict_proba and, for
// Multinomial, LogisticRegression.predict_proba of scikit-learn 1.2; where every
// class gets 0, which leaves log loss undefined there, all get the same. A loss that
// makes no probabilities sets nothing.
func (l Loss) Probabilities(dst, scores []float64) {
	probability := logistic
	switch l {
	case LogLoss:
	case ModifiedHuber:
		probability = huber
	case Multinomial:
		softmax(dst, scores)
		return
	default:
		return
	}
	if len(scores) == 1 {
		dst[1] = probability(scores[0])
		dst[0] = 1 - dst[1]
		return
	}
	sum := 0.0
	for k, score := range scores {
		dst[k] = probability(score)
		sum += dst[k]
	}
	divide(dst, sum)
}

// divide divides probabilities by their sum, or makes all the same if that is 0.
func divide(probabilities []float64, sum float64) {
	for k := range probabilities {
		if sum == 0 {
			probabilities[k] = 1 / float64(len(probabilities))
		} else {
			probabilities[k] /= sum
		}
	}
}

func logistic(score float64) float64 { return 1 / (1 + math.Exp(-score)) }

func huber(score float64) float64 { return (max(-1, min(score, 1)) + 1) / 2 }

func softmax(dst, scores []float64) {
	if len(scores) == 1 {
		dst[0], dst[1] = -scores[0], scores[0]
	} else {
		copy(dst, scores)
	}
	// Relative to the largest, so that no exponential is too large for a float64.
	largest, sum := slices.Max(dst), 0.0
	for k, score := range dst {
		dst[k] = math.Exp(score - largest)
		sum += dst[k]
	}
	for k := range dst {
		dst[k] /= sum
	}
}

// Decide sets dst, one element for each class, to the numbers the highest of which decides:
// the scores of the rows, or what OneVsOne makes of them. The only score s of two classes
// becomes -s and s. Formula: _ovr_decision_function of scikit-learn.
func (l Loss) Decide(dst, scores []float64) {
	switch {
	case len(scores) == 1 && l == OneVsOne:
		s := scores[0]
		dst[1] = vote(s) + s/(3*(math.Abs(s)+1))
		dst[0] = -dst[1]
	case len(scores) == 1:
		dst[0], dst[1] = -scores[0], scores[0]
	case l != OneVsOne:
		copy(dst, scores)
	default:
		clear(dst)
		k := 0
		for i := range dst {
			for j := i + 1; j < len(dst); j++ {
				dst[i] -= scores[k]
				dst[j] += scores[k]
				k++
			}
		}
		for i, sum := range dst {
			dst[i] = sum / (3 * (math.Abs(sum) + 1))
		}
		k = 0
		for i := range dst {
			for j := i + 1; j < len(dst); j++ {
				dst[j] += vote(scores[k])
				dst[i] += 1 - vote(scores[k])
				k++
			}
		}
	}
}

// vote returns 1 if a row votes for the second of its classes, and 0 if for the first.
func vote(score float64) float64 {
	if score > 0 {
		return 1
	}
	return 0
}
