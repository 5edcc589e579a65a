package model_test

import (
	"testing"

	"tagifai/model"
)

// The sum is that of the predictions: it survives another provenance, and nothing else.
func TestSum(t *testing.T) {
	read := func() *model.Artifact {
		a, err := model.ReadArtifact(model.DefaultFS())
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	sum := func(a *model.Artifact) string {
		s, err := a.Sum()
		if err != nil || len(s) != 64 {
			t.Fatalf("%q: %v", s, err)
		}
		return s
	}
	want := sum(read())
	for _, c := range []struct {
		name   string
		change func(*model.Artifact)
		same   bool
	}{
		{"nothing", func(*model.Artifact) {}, true},
		{"provenance", func(a *model.Artifact) { a.Weights.Provenance = map[string]string{"tool": "another"} }, true},
		{"coefficient", func(a *model.Artifact) { a.Weights.Coefficients[7] += 1e-9 }, false},
		{"intercept", func(a *model.Artifact) { a.Weights.Intercepts[0] += 1e-9 }, false},
		{"class", func(a *model.Artifact) { a.Weights.Classes[0] = "vision" }, false},
		{"threshold", func(a *model.Artifact) {
			var err error
			if a.Args, err = a.Args.With("threshold", []byte("0.25")); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := read()
			c.change(a)
			if got := sum(a); (got == want) != c.same {
				t.Errorf("got %s, and it was %s", got, want)
			}
		})
	}
}
