package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
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
)

// Weights are a fitted vectorizer and a fitted linear classifier: all the numbers
// that a prediction is made of, laid out as scikit-learn does. V is the size of the
// vocabulary and C the number of classes.
type Weights struct {
	Vectorizer Vectorizer
	Loss       Loss
	Classes    []string // in the order of the classifier's rows
	// NGrams is the vocabulary, in the order of the columns: V n-grams, all
	// different; the words of an n-gram of words have one space between them.
	NGrams []string
	// IDF holds V inverse document frequencies; nil if the vectorizer uses none.
	IDF []float64
	// Coefficients holds Rows × V numbers, row by row.
	Coefficients []float64
	// Intercepts holds a number for each row.
	Intercepts []float64
	// Provenance says where the weights come from: what the tool that made them
	// noted, under names of its own.
	Provenance map[string]string
}

// Rows returns the number of rows of coefficients: one for each class, or one in
// all if there are two, in favour of the second.
func (w *Weights) Rows() int {
	if len(w.Classes) == 2 {
		return 1
	}
	return len(w.Classes)
}

// Validate says what is wrong with the weights, if anything is: a shape, a number
// that is none, an n-gram or a class that occurs twice.
func (w *Weights) Validate() error {
	if err := w.Vectorizer.Validate(); err != nil {
		return err
	}
	switch w.Loss {
	case LogLoss, ModifiedHuber, Multinomial:
	default:
		return fmt.Errorf("loss: %q is not supported, only %q, %q and %q", w.Loss, LogLoss, ModifiedHuber, Multinomial)
	}
	if len(w.Classes) < 2 {
		return fmt.Errorf("classes: %d, at least 2 are wanted", len(w.Classes))
	}
	if err := distinct("classes", w.Classes); err != nil {
		return err
	}
	if i := slices.Index(w.Classes, ""); i >= 0 {
		return fmt.Errorf("classes: number %d has no name", i)
	}
	if err := distinct("ngrams", w.NGrams); err != nil {
		return err
	}
	features, rows := len(w.NGrams), w.Rows()
	if features > math.MaxInt32/2 {
		return fmt.Errorf("ngrams: %d are more than a model can hold", features)
	}
	if w.Vectorizer.UseIDF {
		if err := numbers("idf", w.IDF, features); err != nil {
			return err
		}
	} else if w.IDF != nil {
		return errors.New("idf: given, but the vectorizer uses none (use_idf is false)")
	}
	if err := numbers("coefficients", w.Coefficients, rows*features); err != nil {
		return err
	}
	return numbers("intercepts", w.Intercepts, rows)
}

func distinct(field string, names []string) error {
	ascending := true // as a fitted vocabulary is; then all are different
	for i, name := range names {
		if !utf8.ValidString(name) {
			return fmt.Errorf("%s: number %d, %q, is not valid UTF-8", field, i, name)
		}
		ascending = ascending && (i == 0 || names[i-1] < name)
	}
	if ascending {
		return nil
	}
	seen := make(map[string]struct{}, len(names))
	for i, name := range names {
		seen[name] = struct{}{}
		if len(seen) == i {
			return fmt.Errorf("%s: %q occurs twice, the second time as number %d", field, name, i)
		}
	}
	return nil
}

func numbers(field string, values []float64, want int) error {
	if len(values) != want {
		return fmt.Errorf("%s: %d numbers, %d are wanted", field, len(values), want)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: number %d is %v, not a finite number", field, i, v)
		}
	}
	return nil
}
