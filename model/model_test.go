package model_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/model"
)

func defaultModel(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Default()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDefault tries the embedded model on sentences that are not in its data set.
func TestDefault(t *testing.T) {
	m := defaultModel(t)
	if diff := cmp.Diff(m.Classes(), []string{"computer-vision", "mlops", "natural-language-processing", "other"}); diff != "" {
		t.Errorf("classes (-got +want):\n%s", diff)
	}
	for text, want := range map[string]string{
		"Transfer learning with transformers for text classification.": "natural-language-processing",
		"Generative adversarial networks for image generation.":        "computer-vision",
		"Sentiment analysis of tweets":                                 "natural-language-processing",
		"Detect faces in video":                                        "computer-vision",
		"Deploy models to production with Kubernetes":                  "mlops",
		"Reinforcement learning for games":                             "other",
		"My cat likes to sleep all day":                                "other",
		"hello":                                                        "other",
	} {
		if got := m.Tag(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for _, key := range []string{"learning_rate", "ngram_max_range", "threshold"} {
		if _, ok := m.Args().Get(key); !ok {
			t.Errorf("args have no %s", key)
		}
	}
	for _, key := range []string{"overall", "class", "slices"} {
		if _, ok := m.Performance().Get(key); !ok {
			t.Errorf("performance has no %s", key)
		}
	}
	if m.RunID() == "" {
		t.Error("no run id")
	}
}

// TestConcurrency predicts the same texts from many goroutines, which have to get
// what one alone gets.
func TestConcurrency(t *testing.T) {
	m, texts := defaultModel(t), texts(t)
	want := m.PredictAll(texts)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range texts {
				i = (i + 7*worker) % len(texts)
				if diff := cmp.Diff(m.Predict(texts[i]), want[i]); diff != "" {
					t.Errorf("%q (-got +want):\n%s", texts[i], diff)
				}
			}
		})
	}
	wg.Wait()
}

func TestGiantText(t *testing.T) {
	m := defaultModel(t)
	text := strings.Repeat("deep learning for images ", 1<<18) // 6 MiB
	if got, want := m.Tag(text), m.Tag("deep learning for images deep learning for images"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
