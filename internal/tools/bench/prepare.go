package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"tagifai/internal/recipe"
	"tagifai/internal/sklearn"
	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

// longest is the length of the longest n-grams of the course's published models.
const longest = 7

// prepare makes the artifact directory that all sides load.
func (b *bench) prepare(ctx context.Context) error {
	b.setupf("Texts: %s, %d rows of %d characters on average.", filepath.Base(b.data), len(b.corpus.Texts), corpus.MeanLength(b.corpus.Texts))
	if len(b.corpus.Texts) < 500 {
		b.setupf("That is a small data set, and a model of it knows few n-grams: name a larger one with -data (DATA= of make).")
	}
	if b.artifact == "" {
		recipe, err := b.writeRecipe("serve.json", func(args *recipe.Args) { args.NgramMaxRange = longest })
		if err != nil {
			return err
		}
		b.artifact = b.path("artifact")
		trained, train := "tagifai", exec.CommandContext(ctx, b.tagifai, "train", "--data", b.data, "--args", recipe, "--out", b.artifact)
		if b.has(sides.PythonPackages) {
			trained, train = "scikit-learn", b.python.Script(ctx, "train.py", b.data, recipe, b.artifact)
		}
		b.logf("training the artifact directory with %s", trained)
		if _, err := finish(train, nil); err != nil {
			return err
		}
		b.setupf("Model: trained on them with %s by %s, without cleaning and with n-grams of 2 to %d.", trained, b.recipe, longest)
	} else {
		b.setupf("Model: %s.", b.artifact)
	}
	var err error
	if b.artifact, err = filepath.Abs(b.artifact); err != nil { // the FastAPI service runs elsewhere
		return err
	}
	if b.model, err = model.Open(b.artifact, sklearn.Format); err != nil {
		return fmt.Errorf("%s: %w", b.artifact, err)
	}
	if b.has(sides.PythonPackages) {
		for _, file := range []string{"args.json", "performance.json", "label_encoder.json", "vectorizer.pkl", "model.pkl"} {
			if _, err := os.Stat(filepath.Join(b.artifact, file)); err != nil {
				return fmt.Errorf("the FastAPI service could not load this artifact directory: %w", err)
			}
		}
	}
	b.setupf("It has %d classes and %d n-grams.", len(b.model.Classes()), b.model.NGrams())
	if !b.has(sides.PythonPackages) || !slices.Contains(b.only, HTTP) && !slices.Contains(b.only, Start) {
		return nil // the peers take no part
	}
	if b.peersDir, err = filepath.Abs(b.peersDir); err != nil { // they run elsewhere too
		return err
	}
	return b.peers().Prepare(ctx, b.artifact)
}

// writeRecipe writes the training arguments for both trainers: without cleaning, which
// scikit-learn knows nothing of, and so that small data keeps its classes. Then
// they are changed.
func (b *bench) writeRecipe(name string, change func(*recipe.Args)) (string, error) {
	content, err := os.ReadFile(b.recipe)
	if err != nil {
		return "", err
	}
	args, err := recipe.Parse(content)
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.recipe, err)
	}
	args.Clean, args.Stem = false, false
	args.MinFreq = min(args.MinFreq, len(b.corpus.Texts)/8)
	change(&args)
	object, err := args.Object()
	if err != nil {
		return "", err
	}
	return b.path(name), os.WriteFile(b.path(name), object.JSON(), 0o666)
}
