package server_test

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/server"
)

// Predictions are written by hand, and as the encoder of JSON would write them.
func TestPredictionsAsJSON(t *testing.T) {
	type prediction struct {
		InputText     string             `json:"input_text"`
		PredictedTag  string             `json:"predicted_tag"`
		Probabilities map[string]float64 `json:"probabilities,omitempty"`
	}
	type predictions struct {
		Predictions []prediction `json:"predictions"`
		Model       *string      `json:"model,omitempty"`
	}
	id := `a "run"`
	var given server.Predictions
	var twin predictions
	check := func(name string) {
		t.Helper()
		want, err := json.Marshal(&twin, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(server.AppendPredictions(&given), string(want)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, text := range []string{"plain", "", `"\/`, "\x00\t\n\x1f\x7f", "ümlaut, 表, 🙂", "\u2028\u2029", "<&>", "\xff\xed\xa0\x80"} {
		given.Predictions = append(given.Predictions, server.Prediction{InputText: text, PredictedTag: text})
		twin.Predictions = append(twin.Predictions, prediction{InputText: text, PredictedTag: text})
		check(text)
	}
	given.Predictions = append(given.Predictions, server.Prediction{Probabilities: server.Probabilities{{"a\n", 0.1}, {"b", 1e-300}, {"c", 0}, {"d", 1}, {"é", 1.0 / 3}}})
	twin.Predictions = append(twin.Predictions, prediction{Probabilities: map[string]float64{"a\n": 0.1, "b": 1e-300, "c": 0, "d": 1, "é": 1.0 / 3}})
	check("probabilities")
	given.Model, twin.Model = &id, &id
	check("model")
}
