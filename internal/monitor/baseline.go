// Package monitor compares what a model predicts with what it predicted when it was made:
// the mix of classes, how sure it is, how much of the texts its vocabulary knows, and how
// long they are.
package monitor

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/go-json-experiment/json"

	"tagifai/model"
)

// A Baseline is what the predictions of a model are compared with: its baseline.json.
type Baseline struct {
	// From says which predictions these are: "out of 5 folds", "test part", or a file.
	From          string   `json:"from"`
	Texts         uint64   `json:"texts"`
	Classes       []string `json:"classes"`
	Class         []uint64 `json:"class"`                  // texts, by predicted class
	Confidence    []uint64 `json:"confidence,omitzero"`    // texts, by tenths of the highest probability
	UnknownNGrams []uint64 `json:"unknown_ngrams"`         // texts, by tenths of the share of unknown n-grams
	Length        []uint64 `json:"length"`                 // texts of less than 16 characters, less than 32, …, of 4096 or more
	NGrams        uint64   `json:"ngrams"`                 // of all texts together
	Unknown       uint64   `json:"ngrams_unknown"`         // those of them that the vocabulary does not have
	Calibration   []Bin    `json:"calibration,omitzero"`   // by tenths of the highest probability; of labelled texts alone
	WithoutLabel  uint64   `json:"without_label,omitzero"` // texts that Calibration does not have
}

// A Bin says how often the model was right with a confidence of this bin.
type Bin struct {
	Texts      uint64  `json:"texts"`
	Confidence float64 `json:"confidence"` // sum of the highest probabilities
	Right      uint64  `json:"right"`      // texts whose predicted tag is the true one
}

// ErrNone says that a model has no baseline.
var ErrNone = errors.New("the model has no " + model.BaselineFile + "; tagifai train writes one, and tagifai baseline makes one of labelled texts")

// Of returns the baseline of a model, or [ErrNone].
func Of(m *model.Model) (*Baseline, error) { return Parse(m.Baseline(), m.Classes()) }

// Parse reads what baseline.json holds, for a model with these classes. It returns
// [ErrNone] if that is nothing.
func Parse(o model.Object, classes []string) (*Baseline, error) {
	if len(o.Keys()) == 0 {
		return nil, ErrNone
	}
	b := new(Baseline)
	if err := json.Unmarshal(o.JSON(), b); err != nil {
		return nil, fmt.Errorf("%s: %w", model.BaselineFile, err)
	}
	if err := b.validate(classes); err != nil {
		return nil, fmt.Errorf("%s: %w", model.BaselineFile, err)
	}
	return b, nil
}

func (b *Baseline) validate(classes []string) error {
	if !slices.Equal(b.Classes, classes) {
		return fmt.Errorf("classes: %q are not those of the model, %q", b.Classes, classes)
	}
	if b.Texts == 0 {
		return errors.New("texts: there are none")
	}
	const most = 1 << 53 // what a number in JSON holds
	for _, h := range []struct {
		name string
		bins []uint64
		want int
		may  bool // be missing
	}{
		{"class", b.Class, len(classes), false},
		{"confidence", b.Confidence, bins, true},
		{"unknown_ngrams", b.UnknownNGrams, bins, false},
		{"length", b.Length, bins, false},
	} {
		if h.may && h.bins == nil {
			continue
		}
		if len(h.bins) != h.want {
			return fmt.Errorf("%s: %d bins, not %d", h.name, len(h.bins), h.want)
		}
		sum := uint64(0)
		for _, n := range h.bins {
			if n > most {
				return fmt.Errorf("%s: %d texts are too many", h.name, n)
			}
			sum += n
		}
		if sum != b.Texts {
			return fmt.Errorf("%s: the bins have %d texts together, not %d", h.name, sum, b.Texts)
		}
	}
	if b.Unknown > b.NGrams {
		return fmt.Errorf("ngrams_unknown: %d of %d n-grams", b.Unknown, b.NGrams)
	}
	if b.Calibration != nil && len(b.Calibration) != bins {
		return fmt.Errorf("calibration: %d bins, not %d", len(b.Calibration), bins)
	}
	for i, c := range b.Calibration {
		if c.Right > c.Texts || !(c.Confidence >= 0 && c.Confidence <= float64(c.Texts)*(1+1e-9)) {
			return fmt.Errorf("calibration[%d]: %d right of %d texts, with a sum of probabilities of %v", i, c.Right, c.Texts, c.Confidence)
		}
	}
	return nil
}

// Object returns what baseline.json holds.
func (b *Baseline) Object() (model.Object, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return model.Object{}, err
	}
	return model.ParseObject(data)
}

// A Builder collects the predictions of a baseline.
type Builder struct {
	b      *Baseline
	counts Counts
	labels bool
}

// NewBuilder returns a builder for a model with these classes.
func NewBuilder(from string, classes []string) *Builder {
	return &Builder{
		b:      &Baseline{From: from, Classes: classes, Calibration: make([]Bin, bins)},
		counts: Counts{Classes: make([]uint64, len(classes))},
	}
}

// Unlabelled is the label of a text whose class is not known.
const Unlabelled = -1

// Add adds a text that a model predicted, and the index of its true class. The highest
// probability is 0 if the model has none. It has so many n-grams, and knows so many of
// them.
func (b *Builder) Add(text string, predicted, label int, confidence float64, known, all int) {
	c := &b.counts
	c.Sampled++
	c.Classes[predicted]++
	if confidence > 0 {
		bin := binOf(confidence)
		c.Confidence[bin]++
		if label != Unlabelled {
			b.labels = true
			of := &b.b.Calibration[bin]
			of.Texts++
			of.Confidence += confidence
			if label == predicted {
				of.Right++
			}
		}
	}
	if label == Unlabelled {
		b.b.WithoutLabel++
	}
	m := measured(text, known, all)
	c.Unknown[m.unknownBin]++
	c.Lengths[m.lengthBin]++
	c.NGrams += m.ngrams
	c.UnknownNGrams += m.unknown
}

// Counts returns the numbers of what was added.
func (b *Builder) Counts() *Counts { return &b.counts }

// Baseline returns the baseline of what was added.
func (b *Builder) Baseline() *Baseline {
	r, c := *b.b, &b.counts
	r.Texts, r.Class = c.Texts(), c.Classes
	r.UnknownNGrams, r.Length = c.Unknown[:], c.Lengths[:]
	r.NGrams, r.Unknown = c.NGrams, c.UnknownNGrams
	if c.Confidence != [bins]uint64{} {
		r.Confidence = c.Confidence[:]
	}
	if !b.labels {
		r.Calibration, r.WithoutLabel = nil, 0
	}
	return &r
}

// UnknownShare returns the share of n-grams that the vocabulary does not have.
func (b *Baseline) UnknownShare() float64 {
	if b.NGrams == 0 {
		return 0
	}
	return float64(b.Unknown) / float64(b.NGrams)
}

// Accuracy returns the share of the labelled texts whose predicted tag is the true one,
// NaN if it is not known.
func (b *Baseline) Accuracy() float64 {
	texts, right := 0.0, 0.0
	for _, bin := range b.Calibration {
		texts += float64(bin.Texts)
		right += float64(bin.Right)
	}
	return right / texts // NaN without texts
}

// ExpectedAccuracy estimates the share of texts whose predicted tag is the true one, from
// how sure the model was of them: the mean over the texts of how often the model was right
// when it was as sure. A bin of the baseline with few texts counts as if it had more, on
// which the model was right as often as it was sure. This holds as long as the model is
// right as often as then when it is as sure as then: new topics, on which it may be sure
// and wrong, do not show in it. It is NaN if it cannot be known.
func (b *Baseline) ExpectedAccuracy(confidence []uint64) float64 {
	if b.Calibration == nil {
		return math.NaN()
	}
	const more = 10 // texts of a bin
	texts, right := 0.0, 0.0
	for i, n := range confidence {
		c := b.Calibration[i]
		sure := (float64(i) + .5) / bins
		if c.Texts > 0 {
			sure = c.Confidence / float64(c.Texts)
		}
		texts += float64(n)
		right += float64(n) * (float64(c.Right) + more*sure) / (float64(c.Texts) + more)
	}
	return right / texts
}
