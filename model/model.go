// Package model is the text classifier: a TF-IDF vectorizer over n-grams and a
// linear classifier, in the arithmetic of scikit-learn, with the artifact directory
// that it is kept in.
//
// [Open], [OpenFS] and [Default] load a [Model], which predicts. An [Artifact] is
// what such a directory holds, for those who write or inspect one.
//
// To find your way: score.go is a prediction from one end to the other. In block.go package
// tfidf makes of a text what its analyzer sees, and package vocabulary finds the n-grams in
// it and adds up the scores; package linear makes probabilities of these. threshold.go reads
// what the most probable class is held against. A directory is artifact.go, dir.go and
// format.go; the weights and their file are those of package linear.
package model

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// Other is the class of what belongs to none: the answer where the most probable
// class is not above its threshold.
const Other = "other"

// A Model predicts the tag of a text. It is immutable and safe for concurrent use.
type Model struct {
	blocks           []block
	norm             tfidf.Norm // of several blocks
	intercepts       []float64
	links            []linear.Link
	hasProbabilities bool
	averages         bool // or calibrates probabilities: there are no decision values
	classes          []string
	other            int       // index of the class other, -1 without one
	threshold        []float64 // of each class; nil if there is none
	bar              []float64 // the same, as what onSigmoid compares
	onSigmoid        bool      // threshold is on the sigmoid of the highest decision value; bar holds its logits

	args, performance Object
	baseline          Object
	runID, format     string
	ngrams            int
	warnings          []string

	pool sync.Pool // of *scratch
}

// A Prediction is the answer to one text.
type Prediction struct {
	Tag string // the predicted class
	// Probabilities are those of the classes, in the order of [Model.Classes]. Their
	// sum is 1. They are nil if the model has none.
	Probabilities []float64
	// Scores are what decides between the classes; see [Model.Classify].
	Scores []float64
}

// Open loads the model of an artifact directory: one of our own, or of one of these formats.
// The path may also be that of a file in it; see [ReadDir].
func Open(path string, formats ...Format) (*Model, error) {
	a, err := readDir(path, formats)
	if err != nil {
		return nil, err
	}
	m, err := newModel(a)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, err)
	}
	return m, nil
}

// OpenFS loads the artifact directory that is the root of fsys, as [Open] does.
func OpenFS(fsys fs.FS, formats ...Format) (*Model, error) {
	if own, ok := fsys.(embedded); ok {
		fsys = lent{own} // the artifact stays in here, and is not written to
	}
	a, err := findArtifact(fsys, formats)
	if err != nil {
		return nil, err
	}
	return newModel(a)
}

// New makes a Model of an artifact, of which it keeps nothing that could be changed.
func New(a *Artifact) (*Model, error) {
	if err := a.Weights.Validate(); err != nil {
		return nil, err
	}
	return newModel(a)
}

// newModel is New for an artifact whose weights are valid.
func newModel(a *Artifact) (*Model, error) {
	if err := a.checkUnchanged(); err != nil {
		return nil, err
	}
	threshold, err := parseThreshold(a.Args, len(a.Weights.Classes))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ArgsFile, err)
	}
	w := a.Weights
	onSigmoid, err := parseThresholdOn(a.Args, w)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ArgsFile, err)
	}
	bar := threshold
	if onSigmoid && threshold != nil {
		bar = make([]float64, len(threshold))
		for k, t := range threshold {
			bar[k] = logit(t)
		}
	}
	m := &Model{
		norm:             w.Norm,
		intercepts:       slices.Clone(w.Intercepts),
		links:            slices.Clone(w.Links),
		hasProbabilities: w.HasProbabilities(),
		averages:         len(w.Links) > 1 || w.Links[0].Calibrators != nil,
		classes:          slices.Clone(w.Classes),
		other:            slices.Index(w.Classes, Other),
		threshold:        threshold,
		bar:              bar,
		onSigmoid:        onSigmoid,
		args:             a.Args,
		performance:      a.Performance,
		baseline:         a.Baseline,
		runID:            a.RunID,
		format:           a.Format,
		ngrams:           w.Features(),
		warnings:         slices.Clone(a.Warnings),
	}
	switch {
	case threshold == nil:
	case !m.hasProbabilities:
		m.warnings = append(m.warnings, ArgsFile+": threshold is not used: the classifier has no probabilities, and the highest score is the answer")
	case m.other >= 0 && slices.Min(threshold) > 1:
		m.warnings = append(m.warnings, ArgsFile+": threshold is above 1, as no probability is, so the answer to every text is "+Other)
	}
	m.blocks, err = newBlocks(w)
	return m, err
}

// Predict returns the tag of text, and the probability and score of every class.
func (m *Model) Predict(text string) Prediction {
	return m.PredictAll([]string{text})[0]
}

// PredictAll predicts every text, in order.
func (m *Model) PredictAll(texts []string) []Prediction {
	s := m.getScratch()
	defer m.putScratch(s)
	n := len(m.classes)
	predictions := make([]Prediction, len(texts))
	numbers := make([]float64, 2*n*len(texts))
	for i, text := range texts {
		of := numbers[2*n*i:][: 2*n : 2*n]
		p := Prediction{Scores: of[n:]}
		if m.hasProbabilities {
			p.Probabilities = of[:n:n]
		}
		p.Tag = m.classes[m.classify(s, text, p.Probabilities, p.Scores).Class]
		predictions[i] = p
	}
	return predictions
}

// An Answer is the answer to one text.
type Answer struct {
	Class      int     // index of the predicted class
	Best       int     // index of the most probable one; another only in a fallback
	Confidence float64 // probability of the most probable class; 0 if the model has none
	Fallback   bool    // it is not sure enough for its threshold, and the answer is other
}

// Classify predicts text. If probabilities is not nil, it has an element for each class
// and is set to their probabilities, which the model has to have. The same goes for
// scores, which every model has: they are what decides between the classes.
//
// A score is the decision value of the class: scikit-learn's decision_function, and the
// joint log likelihood of naive Bayes. The only decision value s of two classes is -s
// for the first and s for the second. What averages or calibrates probabilities has no
// decision values; its probabilities take their place.
//
// Classify allocates nothing.
func (m *Model) Classify(text string, probabilities, scores []float64) Answer {
	s := m.getScratch()
	answer := m.classify(s, text, probabilities, scores)
	m.putScratch(s)
	return answer
}

func (m *Model) classify(s *scratch, text string, probabilities, scores []float64) Answer {
	return m.decide(s, m.score(s, text), probabilities, scores)
}

// decide is Classify for a text whose rows have these scores.
func (m *Model) decide(s *scratch, rows, probabilities, scores []float64) Answer {
	if !m.hasProbabilities {
		if scores == nil {
			scores = s.decisions
		}
		m.links[0].Loss.Decide(scores, rows)
		best := highest(scores)
		return Answer{Class: best, Best: best}
	}
	if probabilities == nil {
		probabilities = s.probabilities
	}
	m.probabilities(s, probabilities, rows)
	switch {
	case scores == nil:
	case m.averages:
		copy(scores, probabilities)
	default:
		m.links[0].Loss.Decide(scores, rows)
	}
	return m.answer(probabilities, rows)
}

// Scores returns the scores of text that [Model.Classify] sets.
func (m *Model) Scores(text string) []float64 {
	scores := make([]float64, len(m.classes))
	m.Classify(text, nil, scores)
	return scores
}

func highest(scores []float64) int {
	best := 0
	for k, score := range scores {
		if score > scores[best] {
			best = k
		}
	}
	return best
}

// Tag returns the tag of text alone. It allocates nothing.
func (m *Model) Tag(text string) string { return m.classes[m.Classify(text, nil, nil).Class] }

// HasProbabilities reports whether the model has probabilities. A model without them
// answers with the class of the highest score, and no threshold applies.
func (m *Model) HasProbabilities() bool { return m.hasProbabilities }

// Class returns the name of the class with an index.
func (m *Model) Class(index int) string { return m.classes[index] }

// Threshold returns the threshold of the class with an index, and what it is on:
// [OnProbability] or [OnSigmoid]. It panics if the model has none, and so never a fallback.
func (m *Model) Threshold(class int) (threshold float64, on string) {
	if m.onSigmoid {
		return m.threshold[class], OnSigmoid
	}
	return m.threshold[class], OnProbability
}

// Classes returns the names of the classes, in the order of their indices.
func (m *Model) Classes() []string { return slices.Clone(m.classes) }

// Args returns the arguments of the run that trained the model: its args.json.
func (m *Model) Args() Object { return m.args }

// Performance returns how well the model did in that run: its performance.json,
// the empty object if there is none.
func (m *Model) Performance() Object { return m.performance }

// Baseline returns what its predictions are to be compared with: its baseline.json, the
// empty object if there is none.
func (m *Model) Baseline() Object { return m.baseline }

// Format returns the name of the [Format] that the model's directory has.
func (m *Model) Format() string { return m.format }

// NGrams returns the number of n-grams of the vocabulary.
func (m *Model) NGrams() int { return m.ngrams }

// RunID returns the name of that run, "" if it has none.
func (m *Model) RunID() string { return m.runID }

// Warnings returns what whoever serves the model should know: sentences, each about
// something that its directory lacks and what is done without it.
func (m *Model) Warnings() []string { return slices.Clone(m.warnings) }

// Size returns how many bytes the model takes in memory, nearly.
func (m *Model) Size() int {
	size := len(m.args.raw) + len(m.performance.raw) + len(m.baseline.raw)
	for _, b := range m.blocks {
		if b.words != nil {
			size += b.words.Size()
		} else {
			size += b.trie.Size()
		}
	}
	return size
}
