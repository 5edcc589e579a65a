package spelling_test

import (
	"testing"

	"tagifai/internal/spelling"
)

func TestNearest(t *testing.T) {
	known := []string{"alpha", "min_freq", "num_epochs", "ngram_max_range", "ngram_min_range"}
	for _, c := range []struct{ name, in, want string }{
		{"itself", "alpha", "alpha"},
		{"a letter too few", "alph", "alpha"},
		{"a letter too many", "allpha", "alpha"},
		{"another letter", "min-freq", "min_freq"},
		{"the nearer of two", "ngram_max_rang", "ngram_max_range"},
		{"a word missing", "epochs", ""},
		{"nothing like it", "verbosity", ""},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := spelling.Nearest(c.in, known); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := spelling.Nearest("alpha", nil); got != "" {
		t.Errorf("of none: got %q", got)
	}
}
