package classify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
	"tagifai/internal/memory"
	"tagifai/internal/prediction"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
)

// wanted is what a request asks for beside tags.
type wanted struct {
	probabilities, scores, explanations, names bool
}

// classified has the payload of a request classified, and use have the results.
func (d *desk) classified(tb testing.TB, r *http.Request, w wanted, use func(*exchange.Exchange, *classify.Results)) error {
	tb.Helper()
	return d.handle(tb, r, func(e *exchange.Exchange, r *http.Request) error {
		p, err := d.ReadPayload(e, r)
		if err != nil {
			return err
		}
		p.WithProbabilities, p.WithScores = w.probabilities, w.scores
		if w.names {
			p.AddRunID(`a "run"`)
			p.AddVersion(classify.VersionName{Name: "tagger", Version: "3"})
		}
		var explained *classify.Explanations
		if w.explanations {
			if explained, err = d.Explain(e, r, 3); err != nil {
				return err
			}
		}
		if err := d.Classify(e, r, p, explained, p); err != nil {
			return err
		}
		use(e, p)
		p.Answered()
		return nil
	})
}

// encode returns an answer made of its parts.
func encode(l exchange.List) (encoded []byte, longest int) {
	for i := range l.Parts() {
		before := len(encoded)
		encoded = l.AppendPart(encoded, i)
		longest = max(longest, len(encoded)-before)
	}
	return encoded, longest
}

// The parts of an answer make what the model says of each text, and take no more room than
// they say, however few or many texts there are. The memory that is counted depends on it.
func TestResults(t *testing.T) {
	d := newDesk(t)
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	for _, texts := range [][]string{
		{"CNNs for image segmentation."},
		{strings.Repeat("vision ", 200)},
		{"a", "Transformers for NLP, ümlauts and 🙂", "   ", "zzzz", "Kubernetes"}, // more than have room in place
		strings.Fields(strings.Repeat("deployment vision ", 200)),
	} {
		for _, w := range []wanted{{}, {probabilities: true}, {scores: true}, {true, true, false, true}, {explanations: true}, {true, true, true, true}} {
			t.Run(fmt.Sprintf("%d %+v", len(texts), w), func(t *testing.T) {
				payload := classify.PredictPayload{}
				for _, text := range texts {
					payload.Texts = append(payload.Texts, classify.Text{Text: text})
				}
				body, err := json.Marshal(payload)
				if err != nil {
					t.Fatal(err)
				}
				err = d.classified(t, post(string(body)), w, func(e *exchange.Exchange, p *classify.Results) {
					encoded, longest := encode(p)
					if again, _ := encode(p); string(again) != string(encoded) {
						t.Error("encoded again it is another answer")
					}
					const brackets = len(`{"predictions":[`) + len(`],"model":"a \"run\"","version":{"name":"tagger","version":"3"}}`)
					if len(encoded) > p.Room()+brackets || longest > p.Largest()+brackets {
						t.Errorf("%d bytes in a room of %d, the longest part has %d of %d", len(encoded), p.Room(), longest, p.Largest())
					}
					if held := e.Held(); held < len(body) {
						t.Errorf("%d bytes are held for a body of %d", held, len(body))
					}
					check(t, encoded, m.Classes(), texts, w, p)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// check compares an answer with what the model says of texts one by one.
func check(t *testing.T, encoded []byte, classes, texts []string, w wanted, p *classify.Results) {
	t.Helper()
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Predictions []prediction.Prediction
		Model       string
		Version     classify.VersionName
	}
	if err := json.Unmarshal(encoded, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatalf("%v in %s", err, encoded)
	}
	if named := got.Model == `a "run"` && got.Version.Name == "tagger"; named != w.names {
		t.Errorf("the answer is of model %q, version %+v", got.Model, got.Version)
	}
	if len(got.Predictions) != len(texts) {
		t.Fatalf("%d predictions for %d texts", len(got.Predictions), len(texts))
	}
	probabilities, scores := make([]float64, len(classes)), make([]float64, len(classes))
	for i, text := range texts {
		answer := m.Classify(text, probabilities, scores)
		want := prediction.Prediction{InputText: text, PredictedTag: classes[answer.Class]}
		named := func(numbers []float64) map[string]float64 {
			all := map[string]float64{}
			for k, class := range classes {
				all[class] = numbers[k]
			}
			return all
		}
		if w.probabilities {
			want.Probabilities = named(probabilities)
		}
		if w.scores {
			want.Scores = named(scores)
		}
		explained := got.Predictions[i].Explanation
		if (len(explained) == 1) != w.explanations {
			t.Errorf("%d explanations of %q", len(explained), text)
		}
		got.Predictions[i].Explanation, got.Predictions[i].Fallback = nil, want.Fallback
		if diff := cmp.Diff(got.Predictions[i], want); diff != "" {
			t.Error(diff)
		}
		if p.Tag(i) != answer.Class {
			t.Errorf("the tag is %d, want %d", p.Tag(i), answer.Class)
		}
	}
}

// Nobody waits for the answer of a client that is gone: the rest of its texts is not
// predicted.
func TestClientGone(t *testing.T) {
	d := newDesk(t)
	err := d.classified(t, post(oneText).WithContext(gone(t)), wanted{}, func(*exchange.Exchange, *classify.Results) {
		t.Error("it is answered")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// An answer that has no room beside those of others is refused before it is made.
func TestAnswerTooLarge(t *testing.T) {
	d := newDesk(t, func(c *config.Settings) { c.MaxHeldBytes = 150 << 10 }) // the texts have room
	body := `{"texts":[` + strings.Repeat(`{"text":"a"},`, 1999) + `{"text":"a"}]}`
	use := func(*exchange.Exchange, *classify.Results) {}
	if err := d.classified(t, post(oneText), wanted{}, use); err != nil {
		t.Error(err)
	}
	if err := d.classified(t, post(body), wanted{}, use); !errors.Is(err, memory.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// What is much work, or looks like it, takes one of the few places for it and none of the others.
func TestLongRequests(t *testing.T) {
	d := newDesk(t)
	text := `{"text":"` + strings.Repeat("a ", 100) + `"},`
	for _, test := range []struct {
		name, body  string
		turns, long int
	}{
		{"few texts", oneText, 1, 0},
		{"many texts", `{"texts":[` + strings.Repeat(`{"text":"a"},`, 1000) + `{"text":"a"}]}`, 0, 1},
		{"texts with braces that look like more", `{"texts":[` + strings.Repeat(`{"text":"a"},`, 990) + `{"text":"` + strings.Repeat("{", 200) + `"}]}`, 0, 1},
		{"a long document", `{"texts":[` + strings.Repeat(text, 700) + `{"text":"a"}]}`, 0, 1},
	} {
		err := d.classified(t, post(test.body), wanted{}, func(*exchange.Exchange, *classify.Results) {
			if turns, long := d.admission.Turns.Taken(), d.admission.Long.Taken(); turns != test.turns || long != test.long {
				t.Errorf("%s: %d places and %d long ones are taken, want %d and %d", test.name, turns, long, test.turns, test.long)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
