package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"tagifai/internal/golden"
	"tagifai/model"
)

type convertCommand struct {
	Dir string `arg:"" help:"Artifact directory to read."`
	Out string `arg:"" help:"Artifact directory to make; it must not exist."`
}

func (convertCommand) Help() string {
	return "Example:\n\n    tagifai convert from-python runs/converted"
}

func (c convertCommand) Run(s streams) error {
	if err := checkNew(c.Out); err != nil {
		return err
	}
	now, err := timeOfTraining()
	if err != nil {
		return err
	}
	a, err := readArtifact(&c.Dir)
	if err != nil {
		return err
	}
	printWarnings(s.err, a.Warnings)
	m, err := model.New(a)
	if err != nil {
		return err
	}
	predictions, err := goldenOf(c.Dir, m, a.Weights.NGrams)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Dir, err)
	}
	if a.Weights.Provenance == nil {
		a.Weights.Provenance = make(map[string]string)
	}
	if a.RunID == "" {
		a.RunID = sourceID(a.Weights.Provenance)
	}
	a.Weights.Provenance["converted"] = now.UTC().Format(time.RFC3339)
	a.Weights.Provenance["converted_by"] = "tagifai " + toolVersion()

	if err := a.Write(c.Out, map[string][]byte{golden.File: predictions}); err != nil {
		return err
	}
	texts := slices.Concat(sentences, vocabularyTexts(a.Weights.NGrams))
	if err := sameAnswers(m, c.Out, texts); err != nil {
		return errors.Join(err, os.RemoveAll(c.Out))
	}
	_, err = fmt.Fprintf(s.out, "%s: %d n-grams, %d classes; the same answers to %d texts as %s\n",
		c.Out, len(a.Weights.NGrams), len(a.Weights.Classes), len(texts), c.Dir)
	return err
}

// sourceID names a model that has no run id after where it comes from.
func sourceID(provenance map[string]string) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(provenance)) {
		fmt.Fprintf(hash, "%s=%s\n", name, provenance[name])
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// sameAnswers makes sure that the model in dir answers as m does, to the last bit.
func sameAnswers(m *model.Model, dir string, texts []string) error {
	written, err := model.Open(dir)
	if err != nil {
		return err
	}
	got, want := written.PredictAll(texts), m.PredictAll(texts)
	for i, text := range texts {
		if got[i].Tag != want[i].Tag || !slices.Equal(got[i].Probabilities, want[i].Probabilities) {
			return fmt.Errorf("the converted model answers otherwise to %q: %v, not %v", text, got[i], want[i])
		}
	}
	return nil
}

// goldenOf returns golden.json for the conversion of the model m, which is in dir: the
// file that is there, which m has to reproduce, or a new one.
func goldenOf(dir string, m *model.Model, ngrams []string) ([]byte, error) {
	predictions, err := golden.Read(os.DirFS(dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		texts := slices.Clone(sentences)
		more := golden.Count - len(texts)
		for i := range more { // parts of the vocabulary, from all of it
			start := i * len(ngrams) / more
			texts = append(texts, strings.Join(ngrams[start:min(start+ngramsPerText, len(ngrams))], " "))
		}
		predictions = golden.Make(m, texts)
	case err != nil:
		return nil, err
	default:
		if err := predictions.Check(m); err != nil {
			return nil, err
		}
	}
	return predictions.JSON()
}

// sentences are texts of many kinds.
var sentences = []string{
	"", " ", "a", "?",
	"Transfer learning with transformers for text classification.",
	"Generative adversarial networks for image generation.",
	"Deploying a model behind a REST endpoint, with canary releases",
	"learning learning LEARNING lEaRnInG deep deep",
	"tabs\tand\nnew lines\r\nand  double   spaces\u00a0and\u3000others",
	"\u0130stanbul STRASSE \u1e9e \u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3",
	"\u6df1\u5ea6\u5b66\u4e60 \u7528\u4e8e \u56fe\u50cf \u5206\u7c7b",
	"\U0001f600 emoji \U0001f916 robots",
	"snake_case CamelCase kebab-case https://example.org/a?b=c#d 89.01%",
}

const ngramsPerText = 50

// vocabularyTexts hold the whole vocabulary, so that every coefficient has its say.
func vocabularyTexts(ngrams []string) []string {
	var texts []string
	for some := range slices.Chunk(ngrams, ngramsPerText) {
		texts = append(texts, strings.Join(some, " "), strings.Join(some, ""))
	}
	return texts
}
