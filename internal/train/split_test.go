package train

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"

	"github.com/google/go-cmp/cmp"
)

// datasetOf makes rows with these numbers of each tag.
func datasetOf(counts map[string]int) *dataset.Dataset {
	d := &dataset.Dataset{File: "made.csv"}
	for _, tag := range []string{"a", "b", "c", "other"} {
		for i := range counts[tag] {
			d.Rows = append(d.Rows, dataset.Row{Text: fmt.Sprintf("%s %d", tag, i), Tag: tag, Line: len(d.Rows) + 2, Weight: 1})
		}
	}
	return d
}

func TestLabel(t *testing.T) {
	two := 2
	for _, c := range []struct {
		name   string
		counts map[string]int
		args   recipe.Args
		want   map[string]int // rows of each class
	}{
		{"as they are", map[string]int{"a": 5, "b": 4}, recipe.Args{}, map[string]int{"a": 5, "b": 4}},
		{"rare ones are other", map[string]int{"a": 25, "b": 4, "c": 3}, recipe.Args{MinFreq: 4}, map[string]int{"a": 25, "b": 4, "other": 3}},
		{"a tenth of the rows is rare", map[string]int{"a": 15, "b": 12, "c": 3}, recipe.Args{MinFreq: 4}, map[string]int{"a": 15, "b": 12, "other": 3}},
		{"more than a tenth", map[string]int{"a": 15, "b": 11, "c": 3}, recipe.Args{MinFreq: 4}, nil},
		{"rare, but other anyway", map[string]int{"a": 5, "b": 5, "other": 3}, recipe.Args{MinFreq: 4}, map[string]int{"a": 5, "b": 5, "other": 3}},
		{"not accepted ones are other", map[string]int{"a": 5, "b": 4, "c": 9, "other": 1}, recipe.Args{AcceptedTags: []string{"a", "b"}}, map[string]int{"a": 5, "b": 4, "other": 10}},
		{"a subset is too small", map[string]int{"a": 5, "b": 4}, recipe.Args{Subset: &two}, nil},
		{"one class", map[string]int{"a": 5}, recipe.Args{}, nil},
		{"all rare", map[string]int{"a": 5, "b": 4}, recipe.Args{MinFreq: 9}, nil},
		{"none", nil, recipe.Args{}, nil},
		{"a class of two", map[string]int{"a": 5, "b": 2}, recipe.Args{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := label(datasetOf(c.counts), &c.args, rand.New(rand.NewPCG(1, 0)))
			if c.want == nil {
				if err == nil || !strings.HasPrefix(err.Error(), "made.csv:") {
					t.Fatalf("got %v, want an error that begins with file and line", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[string]int)
			for _, class := range s.labels {
				got[s.classes[class]]++
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("rows of each class (-got +want):\n%s", diff)
			}
			if !slices.IsSorted(s.classes) {
				t.Errorf("classes %q are not sorted", s.classes)
			}
		})
	}
}

// TestSplit makes sure that the parts are disjoint, complete and stratified.
func TestSplit(t *testing.T) {
	s, err := label(datasetOf(map[string]int{"a": 3, "b": 20, "c": 200}), &recipe.Args{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, shuffle := range []bool{false, true} {
		parts := s.split(shares, shuffle, rand.New(rand.NewPCG(1, 0)))
		var sizes [][]int
		var texts []string
		for _, part := range parts {
			size := make([]int, len(s.classes))
			for _, class := range part.labels {
				size[class]++
			}
			sizes = append(sizes, size)
			texts = append(texts, part.texts...)
		}
		if diff := cmp.Diff(sizes, [][]int{{1, 14, 140}, {1, 3, 30}, {1, 3, 30}}); diff != "" {
			t.Errorf("sizes (-got +want):\n%s", diff)
		}
		slices.Sort(texts)
		if diff := cmp.Diff(texts, slices.Sorted(slices.Values(s.texts))); diff != "" {
			t.Errorf("texts of all parts (-got +want):\n%s", diff)
		}
	}
}

func TestFolds(t *testing.T) {
	s, err := label(datasetOf(map[string]int{"a": 7, "b": 20, "c": 31}), &recipe.Args{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for _, fold := range s.folds(5, true, rand.New(rand.NewPCG(1, 0))) {
		size := make([]int, len(s.classes))
		for _, i := range fold {
			size[s.labels[i]]++
		}
		for class, total := range []int{7, 20, 31} {
			if n := size[class]; n < total/5 || n > total/5+1 {
				t.Errorf("a fold has %d of the %d rows of class %d", n, total, class)
			}
		}
		if rest := s.without(fold); len(rest.texts) != len(s.texts)-len(fold) {
			t.Errorf("without %d of %d rows there are %d", len(fold), len(s.texts), len(rest.texts))
		}
		all = append(all, fold...)
	}
	slices.Sort(all)
	if diff := cmp.Diff(all, sequence(len(s.labels))); diff != "" {
		t.Errorf("rows of all folds (-got +want):\n%s", diff)
	}
}

func TestOversample(t *testing.T) {
	s, err := label(datasetOf(map[string]int{"a": 3, "b": 20, "c": 11}), &recipe.Args{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	size := make([]int, len(s.classes))
	indices := s.oversample(rand.New(rand.NewPCG(1, 0)))
	for _, i := range indices {
		size[s.labels[i]]++
	}
	if diff := cmp.Diff(size, []int{20, 20, 20}); diff != "" {
		t.Errorf("rows of each class (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(indices[:34], sequence(34)); diff != "" {
		t.Errorf("the rows that were there (-got +want):\n%s", diff)
	}
}

// TestMaxF1 has guesses of which the unsure ones are wrong and really other.
func TestMaxF1(t *testing.T) {
	const other = 2
	var guesses []guess
	for i := range 100 {
		g := guess{class: i % 2, label: i % 2, confidence: float64(i) / 100}
		if i < 50 {
			g.label = other
		}
		guesses = append(guesses, g)
	}
	if got := maxF1(guesses, other, 3); got < 0.45 || got > 0.55 {
		t.Errorf("the unsure half is wrong: got %v, want about 0.5", got)
	}
	for i := range guesses {
		guesses[i].label = guesses[i].class
	}
	if got := maxF1(guesses, other, 3); got > 0.05 {
		t.Errorf("all guesses are right: got %v, want about 0", got)
	}
}
