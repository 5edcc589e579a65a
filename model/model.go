// Package model is the text classifier: a TF-IDF vectorizer over n-grams and a
// linear classifier, in the arithmetic of scikit-learn, with the artifact directory
// that it is kept in.
//
// [Open], [OpenFS] and [Default] load a [Model], which predicts. An [Artifact] is
// what such a directory holds, for those who write or inspect one.
package model

import (
	"fmt"
	"slices"
	"sync"
)

// Other is the class of what belongs to none: the answer where the most probable
// class is not above its threshold.
const Other = "other"

// A Model predicts the tag of a text. It is immutable and safe for concurrent use.
type Model struct {
	vectorizer Vectorizer
	trie       *trie
	intercepts []float64
	loss       Loss
	classes    []string
	other      int       // index of the class other, -1 without one
	threshold  []float64 // of each class; nil if there is none

	args, performance Object
	runID, format     string
	ngrams            int
	warnings          []string

	pool sync.Pool // of *scratch
}

// A Prediction is the answer to one text.
type Prediction struct {
	Tag           string    // the predicted class
	Probabilities []float64 // of each class, in the order of [Model.Classes]; their sum is 1
}

// New makes a Model of an artifact. It keeps no reference to it.
func New(a *Artifact) (*Model, error) {
	if err := a.checkUnchanged(); err != nil {
		return nil, err
	}
	if err := a.Weights.Validate(); err != nil {
		return nil, err
	}
	threshold, err := parseThreshold(a.Args, len(a.Weights.Classes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ArgsFile, err)
	}
	trie, err := newTrie(a.Weights)
	if err != nil {
		return nil, err
	}
	return &Model{
		vectorizer:  a.Weights.Vectorizer,
		trie:        trie,
		intercepts:  slices.Clone(a.Weights.Intercepts),
		loss:        a.Weights.Loss,
		classes:     slices.Clone(a.Weights.Classes),
		other:       slices.Index(a.Weights.Classes, Other),
		threshold:   threshold,
		args:        a.Args,
		performance: a.Performance,
		runID:       a.RunID,
		format:      a.Format,
		ngrams:      len(a.Weights.NGrams),
		warnings:    slices.Clone(a.Warnings),
	}, nil
}

// Predict returns the tag of text and the probability of every class.
func (m *Model) Predict(text string) Prediction {
	return m.PredictAll([]string{text})[0]
}

// PredictAll predicts every text, in order.
func (m *Model) PredictAll(texts []string) []Prediction {
	s := m.getScratch()
	defer m.putScratch(s)
	n := len(m.classes)
	predictions := make([]Prediction, len(texts))
	probabilities := make([]float64, n*len(texts))
	for i, text := range texts {
		p := probabilities[i*n : (i+1)*n : (i+1)*n]
		m.loss.Probabilities(p, m.score(s, text))
		predictions[i] = Prediction{Tag: m.classes[m.answer(p).Class], Probabilities: p}
	}
	return predictions
}

// An Answer is the answer to one text, without the probabilities of all classes.
type Answer struct {
	Class      int     // index of the predicted class
	Confidence float64 // probability of the most probable class
	Fallback   bool    // that one is not above its threshold, and the answer other
}

// Classify predicts text. If probabilities is not nil, it has an element for each class
// and is set to their probabilities. Classify allocates nothing.
func (m *Model) Classify(text string, probabilities []float64) Answer {
	s := m.getScratch()
	if probabilities == nil {
		probabilities = s.probabilities
	}
	m.loss.Probabilities(probabilities, m.score(s, text))
	answer := m.answer(probabilities)
	m.putScratch(s)
	return answer
}

// Scores returns the decision values of text, those of decision_function in
// scikit-learn: one for each class, or a single one, in favour of the second class, if
// there are two.
func (m *Model) Scores(text string) []float64 {
	s := m.getScratch()
	defer m.putScratch(s)
	return slices.Clone(m.score(s, text))
}

// Tag returns the tag of text alone. It allocates nothing.
func (m *Model) Tag(text string) string { return m.classes[m.Classify(text, nil).Class] }

// Class returns the name of the class with an index.
func (m *Model) Class(index int) string { return m.classes[index] }

// Classes returns the names of the classes, in the order of their indices.
func (m *Model) Classes() []string { return slices.Clone(m.classes) }

// Args returns the arguments of the run that trained the model: its args.json.
func (m *Model) Args() Object { return m.args }

// Performance returns how well the model did in that run: its performance.json,
// the empty object if there is none.
func (m *Model) Performance() Object { return m.performance }

// Format returns the name of the [Format] that the model's directory has.
func (m *Model) Format() string { return m.format }

// NGrams returns the number of n-grams of the vocabulary.
func (m *Model) NGrams() int { return m.ngrams }

// RunID returns the name of that run, "" if it has none.
func (m *Model) RunID() string { return m.runID }

// Warnings returns what whoever serves the model should know: sentences, each about
// something that its directory lacks and what is done without it.
func (m *Model) Warnings() []string { return slices.Clone(m.warnings) }
