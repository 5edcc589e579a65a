package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/internal/mlflow"
	"tagifai/internal/sklearn"
	"tagifai/model"
)

const expectedFile = "expected.json"

// An expected is what scikit-learn answers: the file expected.json, which pipelines.py
// writes.
type expected struct {
	Name          string      `json:"name"`
	Version       string      `json:"scikit-learn"`
	Tolerance     float64     `json:"tolerance"`
	Texts         []string    `json:"texts"`
	Classes       []string    `json:"classes"`
	Tags          []string    `json:"tags"`
	Probabilities [][]float64 `json:"probabilities,omitzero"` // nil if the pipeline has none
	Scores        [][]float64 `json:"scores,omitzero"`        // nil if the pipeline has none
	Refused       []string    `json:"refused,omitzero"`       // what a refusal names; nil if the pipeline is to load
}

// An answers is what a model answers to texts. A field is nil if there is none.
type answers struct {
	classes, tags         []string
	probabilities, scores [][]float64
}

// ask opens the model of a file or directory, and has it answer. It is the one place
// that knows the API of the readers.
func ask(path string, texts []string) (*answers, error) {
	m, err := model.Open(path, mlflow.Format, sklearn.Format)
	if err != nil {
		return nil, err
	}
	a := &answers{classes: m.Classes()}
	for _, p := range m.PredictAll(texts) {
		a.tags = append(a.tags, p.Tag)
		if m.HasProbabilities() {
			a.probabilities = append(a.probabilities, p.Probabilities)
		}
		scores := p.Scores
		if len(scores) == 2 { // scikit-learn has the second alone
			scores = scores[1:]
		}
		a.scores = append(a.scores, scores)
	}
	return a, nil
}

// A column is what came of one version of scikit-learn.
type column struct {
	version   string
	pipelines []pipeline
}

// A pipeline is what came of one.
type pipeline struct {
	name    string
	refused []string // as of expected
	forms   []form
}

// A form is what came of one of the files and directories that hold a pipeline.
type form struct {
	name    string
	err     error   // of opening it
	largest float64 // difference of a probability or score; NaN if none was compared
	wrong   string  // what is not as it should be; "" if nothing is
}

func compareVersion(ctx context.Context, dir string) (column, error) {
	var c column
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		p, version, err := comparePipeline(filepath.Join(dir, entry.Name()))
		if err != nil {
			return c, err
		}
		c.version = version
		c.pipelines = append(c.pipelines, p)
	}
	return c, nil
}

func comparePipeline(dir string) (pipeline, string, error) {
	var want expected
	data, err := os.ReadFile(filepath.Join(dir, expectedFile))
	if err != nil {
		return pipeline{}, "", err
	}
	if err := json.Unmarshal(data, &want); err != nil {
		return pipeline{}, "", fmt.Errorf("%s: %w", filepath.Join(dir, expectedFile), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return pipeline{}, "", err
	}
	p := pipeline{name: want.Name, refused: want.Refused}
	for _, entry := range entries {
		if entry.Name() != expectedFile {
			p.forms = append(p.forms, compareForm(dir, entry.Name(), &want))
		}
	}
	if len(p.forms) == 0 {
		return p, "", fmt.Errorf("%s: there is no model", dir)
	}
	return p, want.Version, nil
}

func compareForm(dir, name string, want *expected) form {
	f := form{name: name, largest: math.NaN()}
	got, err := ask(filepath.Join(dir, name), want.Texts)
	if err != nil {
		// The place is of this run alone: without it the same reason reads the same.
		f.err = errors.New(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
		f.wrong = wrongRefusal(f.err.Error(), want.Refused)
		return f
	}
	if !slices.Equal(got.classes, want.Classes) {
		f.wrong = fmt.Sprintf("classes %q", got.classes)
		return f
	}
	if got.probabilities == nil && want.Probabilities != nil {
		f.wrong = "no probabilities"
		return f
	}
	different := 0
	for i, tag := range got.tags {
		if tag != want.Tags[i] {
			different++
		}
	}
	for _, numbers := range [][2][][]float64{{got.probabilities, want.Probabilities}, {got.scores, want.Scores}} {
		if d := largestDifference(numbers[0], numbers[1]); !(d <= f.largest) && !math.IsNaN(d) {
			f.largest = d
		}
	}
	switch {
	case different > 0:
		f.wrong = fmt.Sprintf("%d tags", different)
	case f.largest > want.Tolerance:
		f.wrong = "differs"
	}
	return f
}

// wrongRefusal says what is wrong with a refusal: that there is one, or what it does
// not name.
func wrongRefusal(reason string, words []string) string {
	if words == nil {
		return "refused"
	}
	for _, word := range words {
		if !strings.Contains(reason, word) {
			return fmt.Sprintf("does not name %q", word)
		}
	}
	return ""
}

// largestDifference is relative to the largest number of a row if that is above 1, as
// scores may be. It is infinite if the shapes differ, and NaN if a side has no numbers.
func largestDifference(got, want [][]float64) float64 {
	if got == nil || want == nil {
		return math.NaN()
	}
	largest := 0.0
	for i := range want {
		if len(got[i]) != len(want[i]) {
			return math.Inf(1)
		}
		scale := 1.0
		for _, x := range want[i] {
			scale = max(scale, math.Abs(x))
		}
		for j := range want[i] {
			d := math.Abs(got[i][j]-want[i][j]) / scale
			if math.IsNaN(d) {
				return math.Inf(1)
			}
			largest = max(largest, d)
		}
	}
	return largest
}
