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

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/golden"
	"tagifai/internal/recipe"
	"tagifai/internal/spelling"
	"tagifai/model"
)

type convertCommand struct {
	Dir string   `arg:"" help:"Artifact directory to read."`
	Out string   `arg:"" help:"Artifact directory to make; it must not exist."`
	Set []string `sep:"none" placeholder:"KEY=VALUE" help:"Change an argument of args.json, such as the threshold; may be given several times."`
}

func (convertCommand) Help() string {
	return "Example:\n\n    tagifai convert from-python runs/converted\n    tagifai convert --set threshold=0.5 runs/first runs/stricter" +
		"\n\nFiles that were changed by hand are taken as they are. A value is JSON (0.5, null, true), or else a text."
}

func (c convertCommand) Run(env cli.Env) error {
	if err := checkNew(c.Out); err != nil {
		return err
	}
	now, err := timeOfTraining()
	if err != nil {
		return err
	}
	a, err := cli.ReadArtifact(&c.Dir)
	if err != nil {
		return err
	}
	changes, err := c.setArgs(a)
	if err != nil {
		return err
	}
	changed := a.Changed
	a.Changed = nil
	m, err := model.New(a)
	if err != nil {
		return fmt.Errorf("model %s: %w", c.Dir, err)
	}
	cli.PrintWarnings(env.Err, conversionWarnings(a, m, changed))
	if len(c.Set) > 0 {
		if a.Weights.Provenance == nil {
			a.Weights.Provenance = make(map[string]string)
		}
		a.Weights.Provenance["converted_with"] = strings.Join(c.Set, " ")
		if len(a.Baseline.Keys()) > 0 {
			a.Baseline = model.Object{}
			changes = append(changes, model.BaselineFile+" is left out, as it is of other arguments; tagifai baseline makes a new one")
		}
	}
	texts, err := writeConverted(env, c.Dir, c.Out, a, m, now)
	if err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(env.Out, change)
	}
	as := c.Dir
	if len(c.Set) > 0 {
		as += " with these arguments"
	}
	_, err = fmt.Fprintf(env.Out, "%s: %d n-grams, %d classes; the same answers to %d texts as %s\n",
		c.Out, a.Weights.Features(), len(a.Weights.Classes), texts, as)
	return err
}

// writeConverted writes the artifact in dir, which may have been changed, and whose model
// is m, into out. It makes sure that the answers are the same, and returns the number of
// texts that it did so with.
func writeConverted(env cli.Env, dir, out string, a *model.Artifact, m *model.Model, now time.Time) (texts int, err error) {
	predictions, err := goldenOf(dir, m, a.Weights.AllNGrams())
	if err != nil {
		return 0, fmt.Errorf("%s: %w", dir, err)
	}
	if a.Weights.Provenance == nil {
		a.Weights.Provenance = make(map[string]string)
	}
	if a.RunID == "" {
		a.RunID = sourceID(a.Weights.Provenance)
	}
	a.Weights.Provenance["converted"] = now.UTC().Format(time.RFC3339)
	a.Weights.Provenance["converted_by"] = env.Tool()
	more := map[string][]byte{golden.File: predictions}
	if err := keepSeen(dir, more); err != nil {
		return 0, err
	}
	if err := a.Write(out, more); err != nil {
		return 0, err
	}
	all := slices.Concat(sentences, vocabularyTexts(a.Weights.AllNGrams()))
	if err := sameAnswers(m, out, all); err != nil {
		return 0, errors.Join(err, os.RemoveAll(out))
	}
	return len(all), nil
}

// keepSeen adds the file that tells which texts the model was trained on, if there is one.
func keepSeen(dir string, files map[string][]byte) error {
	seen, err := cli.ReadSeen(&dir)
	if err != nil || seen == nil {
		return err
	}
	files[dataset.SeenFile], err = seen.JSON()
	return err
}

// setArgs changes the arguments of the artifact. It returns a line about each change.
func (c convertCommand) setArgs(a *model.Artifact) ([]string, error) {
	var changes []string
	for _, assignment := range c.Set {
		key, value, err := parseAssignment(assignment)
		if err != nil {
			return nil, err
		}
		before, known := a.Args.Get(key)
		if !known && !slices.Contains(recipe.Names(), key) {
			if nearest := spelling.Nearest(key, append(a.Args.Keys(), recipe.Names()...)); nearest != "" {
				return nil, fmt.Errorf("--set %s: %s has no argument %s; did you mean %s?", assignment, model.ArgsFile, key, nearest)
			}
		}
		args, err := a.Args.With(key, value)
		if err != nil {
			return nil, fmt.Errorf("--set %s: %w", assignment, err)
		}
		a.Args = args
		if !known {
			before = jsontext.Value("none")
		}
		changes = append(changes, fmt.Sprintf("%s: %s, before: %s", key, value, before))
	}
	return changes, nil
}

// conversionWarnings are those of the model, and those about what a copy of its artifact
// takes over or changes. The files with the names in changed are not as they were written.
func conversionWarnings(a *model.Artifact, m *model.Model, changed []string) []string {
	warnings := m.Warnings()
	for _, name := range changed {
		warnings = append(warnings, name+" was changed since the model was written; it is taken as it is")
	}
	if a.Args.Check() != nil || a.Performance.Check() != nil {
		warnings = append(warnings, "null is written in place of NaN and infinities")
	}
	return warnings
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
		if got[i].Tag != want[i].Tag || !slices.Equal(got[i].Probabilities, want[i].Probabilities) || !slices.Equal(got[i].Scores, want[i].Scores) {
			return fmt.Errorf("the converted model answers otherwise to %q: %v, not %v", text, got[i], want[i])
		}
	}
	return nil
}

// goldenOf returns golden.json for the conversion of the model m, which is in dir: the
// file that is there, which m has to reproduce, or a new one.
func goldenOf(dir string, m *model.Model, ngrams []string) ([]byte, error) {
	dir, err := model.FindDir(dir, cli.Formats...)
	if err != nil {
		return nil, err
	}
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
