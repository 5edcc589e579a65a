package train

import (
	"encoding/csv"
	"os"
	"testing"

	"tagifai/model"
)

// TestSentences judges the default model by sentences that it was never trained on. What
// each kind is, testdata/README.md says.
func TestSentences(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("testdata/sentences.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	right, all := make(map[string]int), make(map[string]int)
	for _, row := range rows[1:] {
		kind, text, want := row[0], row[1], row[2]
		all[kind]++
		if got := m.Tag(text); got == want {
			right[kind]++
		} else {
			t.Logf("%s: %q: got %s, want %s", kind, text, got, want)
		}
	}
	for kind, atLeast := range map[string]int{"short": 37, "unrelated": 12, "verb": 6, "subject": 6, "function": 5} {
		if right[kind] < atLeast {
			t.Errorf("%s: got %d of %d right, want at least %d", kind, right[kind], all[kind], atLeast)
		}
	}
}
