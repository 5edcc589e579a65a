package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"

	"tagifai/internal/recipe"
	"tagifai/internal/sklearn"
	"tagifai/model"
)

// peer is the Python side.
//
//go:embed peer/*.py
var peer embed.FS

// python is Debian's own interpreter, which has Debian's packages.
const python = "/usr/bin/python3"

// unpackPeer puts peer/ and wrk.lua into dir.
func unpackPeer(dir string) error {
	return errors.Join(
		os.CopyFS(dir, peer),
		os.WriteFile(filepath.Join(dir, "wrk.lua"), wrkScript, 0o666),
	)
}

// script returns the command that runs a script of peer/.
func (b *bench) script(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, python, append([]string{b.path("peer/" + name)}, args...)...)
}

// A usage is what a program took, from exec to its end.
type usage struct {
	seconds float64
	cpu     float64 // seconds of user and system
}

// finish runs a program to its end; the JSON that it prints goes into result, unless
// that is nil.
func finish(cmd *exec.Cmd, result any) (usage, error) {
	var errs limited
	cmd.Stderr = &errs
	var out limited
	if result != nil {
		cmd.Stdout = &out
	}
	start := time.Now()
	err := cmd.Run()
	u := usage{seconds: time.Since(start).Seconds()}
	if err != nil {
		return u, fmt.Errorf("%s: %w: %s", cmd, err, errs)
	}
	u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if result == nil {
		return u, nil
	}
	if err := json.Unmarshal(out, result); err != nil {
		return u, fmt.Errorf("%s: its output is not understood: %w: %s", cmd, err, out)
	}
	return u, nil
}

// limited keeps the beginning of what is written to it.
type limited []byte

func (l *limited) Write(p []byte) (int, error) {
	const limit = 1 << 20
	*l = append(*l, p[:min(len(p), limit-len(*l))]...)
	return len(p), nil
}

// prepare makes the artifact directory that all sides load.
func (b *bench) prepare(ctx context.Context) error {
	b.setupf("Texts: %s, %d rows of %d characters on average.", b.data, len(b.corpus.texts), meanLength(b.corpus.texts))
	if len(b.corpus.texts) < 500 {
		b.setupf("That is a small data set, and a model of it knows few n-grams: name a larger one with -data (DATA= of make).")
	}
	if b.artifact == "" {
		const longest = 7 // n-grams of the course's published models
		recipe, err := b.writeRecipe("serve.json", longest)
		if err != nil {
			return err
		}
		b.artifact = b.path("artifact")
		trained, train := "tagifai", exec.CommandContext(ctx, b.tagifai, "train", "--data", b.data, "--args", recipe, "--out", b.artifact)
		if b.has(pythonPackages) {
			trained, train = "scikit-learn", b.script(ctx, "train.py", b.data, recipe, b.artifact)
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
	a, err := model.ReadArtifact(os.DirFS(b.artifact), sklearn.Format)
	if err != nil {
		return fmt.Errorf("%s: %w", b.artifact, err)
	}
	if b.has(pythonPackages) {
		for _, file := range []string{"args.json", "performance.json", "label_encoder.json", "vectorizer.pkl", "model.pkl"} {
			if _, err := os.Stat(filepath.Join(b.artifact, file)); err != nil {
				return fmt.Errorf("the FastAPI service could not load this artifact directory: %w", err)
			}
		}
	}
	b.setupf("It has %d classes and %d n-grams.", len(a.Weights.Classes), a.Weights.Features())
	return nil
}

// writeRecipe writes the training arguments for both trainers: without cleaning, which
// scikit-learn knows nothing of, and so that small data keeps its classes. With longest
// above 0, that is the length of the longest n-grams.
func (b *bench) writeRecipe(name string, longest int) (string, error) {
	content, err := os.ReadFile(b.recipe)
	if err != nil {
		return "", err
	}
	args, err := recipe.Parse(content)
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.recipe, err)
	}
	args.Clean, args.Stem = false, false
	args.MinFreq = min(args.MinFreq, len(b.corpus.texts)/8)
	if longest > 0 {
		args.NgramMaxRange = longest
	}
	object, err := args.Object()
	if err != nil {
		return "", err
	}
	return b.path(name), os.WriteFile(b.path(name), object.JSON(), 0o666)
}

func meanLength(texts []string) int {
	sum := 0
	for _, text := range texts {
		sum += len([]rune(text))
	}
	return sum / len(texts)
}
