package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

// TestSame gives answers of both kinds that are right, and such that are wrong in one
// thing.
func TestSame(t *testing.T) {
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"Object detection with YOLO", "Named entity recognition with transformers", "a"}
	var rows [][]float64
	var tags []string
	for _, p := range m.PredictAll(texts) {
		rows, tags = append(rows, p.Probabilities), append(tags, p.Tag)
	}
	answer := func(tags ...string) []byte {
		var predictions []string
		for i, tag := range tags {
			predictions = append(predictions, fmt.Sprintf(`{"input_text":%q,"predicted_tag":%q}`, texts[i], tag))
		}
		return fmt.Appendf(nil, `{"data":{"predictions":[%s]}}`, strings.Join(predictions, ","))
	}
	plain, peer := sides.Side{Name: "plain"}, sides.Side{Name: "peer", Dialect: &sides.Dialect{
		Probabilities: func(answer []byte) (rows [][]float64, err error) { return rows, json.Unmarshal(answer, &rows) },
	}}
	numbers := func(change func(rows [][]float64)) []byte {
		var changed [][]float64
		for _, row := range rows {
			changed = append(changed, append([]float64(nil), row...))
		}
		change(changed)
		raw, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	for name, c := range map[string]struct {
		side   sides.Side
		answer []byte
		want   string // of the error
	}{
		"the same tags":            {plain, answer(tags...), ""},
		"another tag":              {plain, answer(tags[0], tags[1], "nonsense"), "but it answers"},
		"a tag too few":            {plain, answer(tags[:2]...), "2 predictions for 3 texts"},
		"no JSON":                  {plain, []byte("<html>"), "plain does not do the same work"},
		"the same probabilities":   {peer, numbers(func([][]float64) {}), ""},
		"within rounding":          {peer, numbers(func(r [][]float64) { r[1][0] += tolerance / 2 }), ""},
		"another probability":      {peer, numbers(func(r [][]float64) { r[1][0] += 2 * tolerance }), "probabilities ["},
		"a class too few":          {peer, numbers(func(r [][]float64) { r[0] = r[0][1:] }), "probabilities ["},
		"a text without an answer": {peer, numbers(func(r [][]float64) { r[2] = nil }), "probabilities ["},
		"an empty array":           {peer, []byte("[]"), "probabilities of 0 texts"},
	} {
		err := same(m, c.side, texts, c.answer)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
