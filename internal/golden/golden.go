// Package golden keeps the predictions that a model must reproduce before it is served.
// They are in the file golden.json of an artifact directory.
package golden

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model"
)

// File is the name of the file in an artifact directory.
const File = "golden.json"

// Count is how many predictions [Make] keeps.
const Count = 32

const (
	defaultTolerance = 1e-9
	maxTolerance     = 1e-6
	maxFile          = 16 << 20 // bytes
)

// Predictions are what golden.json holds: texts, and for each of them, in the same
// order, the probabilities of all classes or the decision values, and possibly the tag.
type Predictions struct {
	// Tolerance is how far a number may be from its value in the file: at most 1e-6,
	// and 1e-9 if it is nil.
	Tolerance *float64 `json:"tolerance,omitzero"`
	Texts     []string `json:"texts"`
	// Tags are those before the threshold, as predict of scikit-learn gives them.
	Tags []Tag `json:"tags,omitzero"`
	// Probabilities are those of predict_proba: a row for each text, an element for
	// each class.
	Probabilities [][]float64 `json:"probabilities,omitzero"`
	// Scores are those of decision_function: a row for each text, an element for each
	// class. Of two classes there may be the second alone, as in scikit-learn.
	Scores []Scores `json:"scores,omitzero"`
}

// Read reads golden.json of the artifact directory that is the root of fsys. Without
// the file the error wraps [fs.ErrNotExist].
func Read(fsys fs.FS) (*Predictions, error) {
	// Before it is opened: that of a FIFO may wait for ever.
	if info, err := fs.Stat(fsys, File); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", File)
	}
	data, err := model.ReadFile(fsys, File, maxFile)
	if err != nil {
		return nil, err
	}
	p := new(Predictions)
	if err := json.Unmarshal(data, p, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	return p, nil
}

// Check reads golden.json of the artifact directory that is the root of fsys and checks
// that m, which was loaded from it, reproduces what is in it. It returns the number of
// texts, 0 if there is no such file.
func Check(fsys fs.FS, m *model.Model) (int, error) {
	p, err := Read(fsys)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return len(p.Texts), p.Check(m)
}

// Make returns the predictions of m for up to [Count] of the texts: all different, and
// from the shortest to the longest. Equal texts, in any order, give equal predictions.
func Make(m *model.Model, texts []string) *Predictions {
	p := &Predictions{Texts: pick(texts)}
	for _, prediction := range m.PredictAll(p.Texts) {
		decisive := prediction.Probabilities
		if m.HasProbabilities() {
			p.Probabilities = append(p.Probabilities, decisive)
		} else {
			decisive = prediction.Scores
			p.Scores = append(p.Scores, prediction.Scores)
		}
		p.Tags = append(p.Tags, Tag{Name: m.Class(largest(decisive))})
	}
	return p
}

// pick returns up to Count of the texts, evenly spaced when they are sorted by length.
func pick(texts []string) []string {
	sorted := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return !utf8.ValidString(text) })
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	slices.SortStableFunc(sorted, func(a, b string) int { return len(a) - len(b) })
	if len(sorted) <= Count {
		return sorted
	}
	picked := make([]string, Count)
	for i := range picked {
		picked[i] = sorted[i*(len(sorted)-1)/(Count-1)]
	}
	return picked
}

// JSON returns the text of golden.json.
func (p *Predictions) JSON() ([]byte, error) {
	data, err := json.Marshal(p, jsontext.WithIndent(" "))
	return append(data, '\n'), err
}

func (p *Predictions) validate() error {
	n := len(p.Texts)
	if n == 0 {
		return errors.New("texts: there are none")
	}
	if p.Tolerance != nil && !(*p.Tolerance >= 0 && *p.Tolerance <= maxTolerance) {
		return fmt.Errorf("tolerance: %v is not between 0 and %v", *p.Tolerance, maxTolerance)
	}
	if p.Probabilities == nil && p.Scores == nil {
		return errors.New("neither probabilities nor scores are given; write those of predict_proba or of decision_function")
	}
	for _, list := range []struct {
		name   string
		given  bool
		length int
	}{
		{"tags", p.Tags != nil, len(p.Tags)},
		{"probabilities", p.Probabilities != nil, len(p.Probabilities)},
		{"scores", p.Scores != nil, len(p.Scores)},
	} {
		if list.given && list.length != n {
			return fmt.Errorf("%s: there are %d for %d texts", list.name, list.length, n)
		}
	}
	for i, row := range p.Probabilities {
		for _, probability := range row {
			if !(probability >= 0 && probability <= 1) {
				return fmt.Errorf("probabilities[%d]: %v is not between 0 and 1", i, probability)
			}
		}
	}
	return nil
}

// Check makes sure that m reproduces the predictions within the tolerance. The error
// names the text, what was expected, and what came instead.
func (p *Predictions) Check(m *model.Model) error {
	tolerance := defaultTolerance
	if p.Tolerance != nil {
		tolerance = *p.Tolerance
	}
	if p.Probabilities != nil && !m.HasProbabilities() {
		return fmt.Errorf("%s: probabilities are given, but the model has none; write scores, those of decision_function", File)
	}
	classes := m.Classes()
	for i, prediction := range m.PredictAll(p.Texts) {
		text, probabilities, scores := p.Texts[i], prediction.Probabilities, prediction.Scores
		// What decides on the tag: one number for each class.
		decisive := probabilities
		if p.Probabilities != nil {
			if err := near(classes, probabilities, p.Probabilities[i], tolerance); err != nil {
				return fmt.Errorf("%s: text %d, %s: probability %w", File, i, shorten(text), err)
			}
		}
		if p.Scores != nil {
			decisive = scores
			if len(p.Scores[i]) == 1 && len(scores) == 2 {
				scores = scores[1:]
			}
			if err := near(classes, scores, p.Scores[i], tolerance); err != nil {
				return fmt.Errorf("%s: text %d, %s: score %w", File, i, shorten(text), err)
			}
		}
		if decisive == nil {
			decisive = scores
		}
		if p.Tags == nil {
			continue
		}
		// Of two classes that are equal within the tolerance, either may be the answer.
		want, best := p.Tags[i].class(classes), largest(decisive)
		if want < 0 || !(decisive[best]-decisive[want] <= 2*tolerance) {
			return fmt.Errorf("%s: text %d, %s: tag: expected %s, got %q", File, i, shorten(text), p.Tags[i], classes[best])
		}
	}
	return nil
}

// near compares a number for each class, or a single one, which is the second's.
func near(classes []string, got, want []float64, tolerance float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("of each class: expected %d numbers, got %d", len(want), len(got))
	}
	if len(got) == 1 {
		classes = classes[1:]
	}
	for k := range got {
		if !(math.Abs(got[k]-want[k]) <= tolerance) { // NaN neither
			return fmt.Errorf("of %q: expected %v, got %v, and they may differ by %v", classes[k], want[k], got[k], tolerance)
		}
	}
	return nil
}

func largest(numbers []float64) int {
	best := 0
	for k, number := range numbers {
		if number > numbers[best] {
			best = k
		}
	}
	return best
}

// shorten quotes at most the first 60 characters of a text.
func shorten(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q…", string([]rune(text)[:most]))
}
