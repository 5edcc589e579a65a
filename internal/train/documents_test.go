package train

import (
	"testing"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDocuments(t *testing.T) {
	s := &samples{classes: []string{"a", "b"}}
	s.add("one two", 0, 2, 2, map[string]string{"title": "one", "description": "two"})
	s.add("three", 1, 3, 1, nil)
	got := s.documents(&recipe.Args{Documents: []recipe.Document{{Column: "title", Weight: 0.3}, {Column: "description", Weight: 0.5}, {Column: "body", Weight: 9}}})
	want := &samples{classes: s.classes, first: 4}
	want.add("one two", 0, 2, 2, nil)
	want.add("one", 0, 2, 0.6, nil)
	want.add("two", 0, 2, 1, nil)
	want.add("three", 1, 3, 1, nil)
	if diff := cmp.Diff(got, want, cmp.AllowUnexported(samples{}), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestAddForTraining makes sure that extra rows are fitted and never judged.
func TestAddForTraining(t *testing.T) {
	d := datasetOf(map[string]int{"a": 10, "b": 10})
	also := &dataset.Dataset{File: "also.csv", Rows: []dataset.Row{
		{Text: "hello", Tag: "other", Line: 2, Weight: 1},
		{Text: "a 3", Tag: "b", Line: 3, Weight: 1}, // in the data set
		{Text: "more", Tag: "a", Line: 4, Weight: 2},
	}}
	if got := d.AddForTraining(also); got != 1 {
		t.Errorf("%d texts are known, want 1", got)
	}
	args := &recipe.Args{Documents: []recipe.Document{{Column: "title", Weight: 0.5}}, AlsoWeight: 0.5}
	s, err := label(d, args, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.classes, []string{"a", "b", "other"}); diff != "" {
		t.Errorf("classes (-got +want):\n%s", diff)
	}
	for i, part := range s.split(shares, false, nil) {
		for _, text := range part.texts {
			if text == "hello" || text == "more" {
				t.Errorf("part %d has %q", i, text)
			}
		}
		documents := part.documents(args)
		n := len(part.texts)
		if diff := cmp.Diff(documents.texts[n:], []string{"hello", "more"}); diff != "" {
			t.Errorf("extra texts of part %d (-got +want):\n%s", i, diff)
		}
		if diff := cmp.Diff(documents.weights[n:], []float64{0.5, 1}); diff != "" {
			t.Errorf("their weights (-got +want):\n%s", diff)
		}
		if diff := cmp.Diff(documents.labels[n:], []int{2, 0}); diff != "" {
			t.Errorf("their labels (-got +want):\n%s", diff)
		}
	}
}
