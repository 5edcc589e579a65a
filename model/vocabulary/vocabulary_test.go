package vocabulary_test

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"tagifai/model/vocabulary"
)

// TestVocabulary holds a vocabulary against the slice of strings that it stands for.
func TestVocabulary(t *testing.T) {
	for _, want := range [][]string{{}, {""}, {"a"}, {"ab", "", "é", "ab c"}} {
		v := vocabulary.New(want...)
		if got := v.Strings(); v.Len() != len(want) || !slices.Equal(got, want) {
			t.Errorf("%d n-grams, %q, want %q", v.Len(), got, want)
		}
		for i := range want {
			if got := v.At(i); got != want[i] {
				t.Errorf("number %d of %q is %q", i, want, got)
			}
		}
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		wanted, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(wanted) {
			t.Errorf("as JSON: %s, want %s", got, wanted)
		}
	}
	v := vocabulary.New("a", "bc", "d")
	if got, want := v.Select([]uint32{2, 1}), vocabulary.New("d", "bc"); !got.Equal(want) {
		t.Errorf("selected %q, want %q", got.Strings(), want.Strings())
	}
}

func TestCutVocabulary(t *testing.T) {
	for _, c := range []struct {
		text string
		ends []uint32
		err  string
	}{
		{"", nil, ""},
		{"abc", []uint32{1, 1, 3}, ""},
		{"abc", []uint32{2, 1, 3}, "number 1 is 1, not between 2 and 3"},
		{"abc", []uint32{1, 4}, "number 1 is 4, not between 1 and 3"},
		{"abc", []uint32{1, 2}, "the last is 2, but the text has 3 bytes"},
		{"abc", nil, "the last is 0, but the text has 3 bytes"},
	} {
		v, err := vocabulary.Cut(c.text, c.ends)
		switch {
		case err == nil && c.err != "", err != nil && err.Error() != c.err:
			t.Errorf("%q at %d: %v, want %q", c.text, c.ends, err, c.err)
		case err == nil && v.Len() != len(c.ends):
			t.Errorf("%q at %d: %q", c.text, c.ends, v.Strings())
		}
	}
}
