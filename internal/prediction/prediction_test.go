package prediction_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/prediction"
)

// A prediction is written as the encoder of JSON would write it.
func TestAppend(t *testing.T) {
	classes := []string{"a\n", "b", "c", "d", "e", "é"}
	probabilities := []float64{0.1, 1e-300, 0, 1, 1.0 / 3, 1.2345678901234567e-7}
	scores := []float64{-0.1, 1e99, 0, -1.2345678901234567e-300, 1.0 / 3, 0}
	for _, text := range []string{"plain", "", `"\/`, "\x00\t\n\x1f\x7f", "ümlaut, 表, 🙂", "\u2028\u2029", "<&>", "\xff\xed\xa0\x80"} {
		for _, with := range []struct {
			name          string
			probabilities []float64
			scores        []float64
		}{
			{"the tag alone", nil, nil},
			{"probabilities", probabilities, nil},
			{"scores", nil, scores},
			{"both", probabilities, scores},
		} {
			t.Run(with.name+" of "+text, func(t *testing.T) {
				twin := prediction.Prediction{InputText: text, PredictedTag: "c"}
				if with.probabilities != nil {
					twin.Probabilities = map[string]float64{}
				}
				for k, p := range with.probabilities {
					twin.Probabilities[classes[k]] = p
				}
				if with.scores != nil {
					twin.Scores = map[string]float64{}
				}
				for k, score := range with.scores {
					twin.Scores[classes[k]] = score
				}
				want, err := json.Marshal(&twin, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
				if err != nil {
					t.Fatal(err)
				}
				got := prediction.Append([]byte("before "), text, "c", classes, with.probabilities, with.scores)
				if diff := cmp.Diff(string(got), "before "+string(want)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// Nothing without escapes takes more room than Room says.
func TestRoom(t *testing.T) {
	classes := []string{"x", "yyyyyy"}
	const text = "a text"
	longest := []float64{-0.0000012345678901234567, -1.2345678901234567e-300}
	for numbers, with := range [][2][]float64{{nil, nil}, {longest, nil}, {longest, longest}} {
		got := len(prediction.Append(nil, text, "yyyyyy", classes, with[0], with[1]))
		if most := len(text) + prediction.Room(classes, numbers); got > most {
			t.Errorf("%d numbers for each class: %d bytes, more than %d", numbers, got, most)
		}
	}
	if got := prediction.Room([]string{strings.Repeat("z", 99)}, 0); got < 99 {
		t.Errorf("%d bytes, less than the class alone", got)
	}
}
