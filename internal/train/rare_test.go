package train

import (
	"testing"

	"tagifai/internal/recipe"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		name    string
		counts  map[string]int
		args    recipe.Args
		lines   []string
		message string // of the error
	}{
		{"none", map[string]int{"a": 50, "b": 50}, recipe.Args{MinFreq: 30}, nil, ""},
		{"a rare one", map[string]int{"a": 250, "b": 50, "c": 25}, recipe.Args{MinFreq: 30},
			[]string{"tags that count as other, since they have fewer than min_freq = 30 rows: c 25"}, ""},
		{"two rare ones", map[string]int{"a": 250, "b": 3, "c": 4, "other": 2}, recipe.Args{MinFreq: 5},
			[]string{"tags that count as other, since they have fewer than min_freq = 5 rows: b 3, c 4"}, ""},
		{"not accepted", map[string]int{"a": 50, "b": 50, "c": 50, "other": 1}, recipe.Args{MinFreq: 30, AcceptedTags: []string{"a"}},
			[]string{"tags that count as other, since accepted_tags does not name them: b 50, c 50"}, ""},
		{"both", map[string]int{"a": 150, "b": 9, "c": 50}, recipe.Args{MinFreq: 10, AcceptedTags: []string{"a", "b"}},
			[]string{
				"tags that count as other, since accepted_tags does not name them: c 50",
				"tags that count as other, since they have fewer than min_freq = 10 rows: b 9",
			}, ""},
		{"more than a tenth", map[string]int{"a": 50, "b": 5, "c": 4}, recipe.Args{MinFreq: 30}, nil,
			"min_freq = 30 makes 9 rows other, more than a tenth of the 59 rows: b 5, c 4; lower it with --set min_freq=5, or name the tags to keep in accepted_tags"},
		{"one class is left", map[string]int{"a": 20, "b": 11, "other": 10}, recipe.Args{MinFreq: 30}, nil,
			"min_freq = 30 makes 31 rows other, and leaves no other class to the 41 rows: a 20, b 11; lower it with --set min_freq=11, or name the tags to keep in accepted_tags"},
		{"all rare, and no class other", map[string]int{"a": 20, "b": 11}, recipe.Args{MinFreq: 30}, nil,
			"min_freq = 30 makes 31 rows other, and leaves no other class to the 31 rows: a 20, b 11; lower it with --set min_freq=11, or name the tags to keep in accepted_tags"},
		{"too rare for any", map[string]int{"a": 9, "b": 2}, recipe.Args{MinFreq: 3}, nil,
			"min_freq = 3 makes 2 rows other, more than a tenth of the 11 rows: b 2; name the tags to keep in accepted_tags"},
		{"one class", map[string]int{"a": 9}, recipe.Args{MinFreq: 3}, nil, `the 9 rows have 1 classes (["a"]), at least 2 are wanted`},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := datasetOf(c.counts).Rows
			folded, err := fold(rows, &c.args)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if diff := cmp.Diff(message, c.message); diff != "" {
				t.Fatalf("error (-got +want):\n%s", diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(folded.Lines(&c.args), c.lines); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}
