package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"tagifai/internal/recipe"
	"tagifai/internal/sklearn"
	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/stats"
	"tagifai/model"
	"tagifai/model/tfidf"
)

// The sides in process.
const (
	inGo     = "this project, in Go"
	inGoOwn  = "this project, in Go, its own format"
	inPython = "scikit-learn, in Python"
	trainer  = "tagifai train"
	fitter   = "scikit-learn"

	textCase  = "a text of 60 characters"
	loadCase  = "the artifact directory"
	loadLarge = "another, of n-grams across words"
	trainCase = "the recipe"

	perText      = "µs a text"
	milliseconds = "ms"
	fitSeconds   = "s without imports"
)

const inProcess = 500 * time.Millisecond // that a loop lasts

// text measures one text a call, in process.
func (b *bench) text(ctx context.Context) error {
	m, err := model.Open(b.artifact, sklearn.Format)
	if err != nil {
		return err
	}
	texts := b.corpus.Cut(500, 60)
	b.setupf("One text in process: the mean of many calls of Model.Tag in Go, the median of many of predict_proba(transform([text])) in Python, each with %d texts in turn.", len(texts))
	return b.eachRound(ctx, Text, func(round int) error {
		return stats.InTurn(round,
			func() error {
				calls, start := 0, time.Now()
				for time.Since(start) < inProcess {
					for _, text := range texts {
						m.Tag(text)
					}
					calls += len(texts)
				}
				b.results.Add(Text, textCase, inGo, perText, time.Since(start).Seconds()/float64(calls)*1e6)
				return nil
			},
			func() error {
				of, err := b.single(ctx, b.artifact, texts)
				if err == nil {
					b.results.Add(Text, textCase, inPython, perText, of.Call*1e6)
				}
				return err
			},
		)
	})
}

// load measures the loading of artifact directories: the files of scikit-learn on both
// sides, and the same model in our own format.
func (b *bench) load(ctx context.Context) error {
	large := b.path("large")
	if err := b.trainLarge(ctx, large); err != nil {
		return err
	}
	b.setupf("Loading: in process, again and again, imports left out.")
	var loads []func() error
	for _, of := range []struct{ name, dir string }{{loadCase, b.artifact}, {loadLarge, large}} {
		own := of.dir + "-own"
		if _, err := finish(exec.CommandContext(ctx, b.tagifai, "convert", of.dir, own), nil); err != nil {
			return err
		}
		loads = append(loads,
			func() error { return b.loadInGo(of.name, inGo, of.dir) },
			func() error { return b.loadInGo(of.name, inGoOwn, own) },
			func() error {
				took, err := b.single(ctx, of.dir, b.corpus.Cut(1, 60))
				if err == nil {
					b.results.Add(Load, of.name, inPython, milliseconds, took.Load*1e3)
				}
				return err
			},
		)
	}
	return b.eachRound(ctx, Load, func(round int) error { return stats.InTurn(round, loads...) })
}

// trainLarge has scikit-learn train a model of some 100,000 n-grams, if there is as much
// text: they may go across words.
func (b *bench) trainLarge(ctx context.Context, dir string) error {
	file, err := b.writeRecipe("large.json", func(args *recipe.Args) { args.Analyzer, args.NgramMaxRange = tfidf.Char, longest })
	if err != nil {
		return err
	}
	if _, err := finish(b.python.Script(ctx, "train.py", b.data, file, dir), nil); err != nil {
		return err
	}
	m, err := model.Open(dir, sklearn.Format)
	if err != nil {
		return err
	}
	b.setupf("The model of n-grams across words has %d of them, of 2 to %d characters.", m.NGrams(), longest)
	return nil
}

func (b *bench) loadInGo(name, side, dir string) error {
	loads, start := 0, time.Now()
	for time.Since(start) < inProcess {
		if _, err := model.Open(dir, sklearn.Format); err != nil {
			return err
		}
		loads++
	}
	b.results.Add(Load, name, side, milliseconds, time.Since(start).Seconds()/float64(loads)*1e3)
	return nil
}

// ofPython is what single.py prints, in seconds.
type ofPython struct {
	Load float64 `json:"load"`
	Call float64 `json:"call"`
}

func (b *bench) single(ctx context.Context, artifact string, texts []string) (of ofPython, err error) {
	file := b.path("texts.txt")
	if err := corpus.WriteLines(file, texts); err != nil {
		return of, err
	}
	_, err = finish(b.python.Script(ctx, "single.py", artifact, file, fmt.Sprint(inProcess.Seconds())), &of)
	return of, err
}

// train measures the training of the recipe.
func (b *bench) train(ctx context.Context) error {
	file, err := b.writeRecipe("train.json", func(*recipe.Args) {})
	if err != nil {
		return err
	}
	b.setupf("Training: %s without cleaning, on the same rows, from the CSV file to the artifact directory.", b.recipe)
	return b.eachRound(ctx, Train, func(round int) error {
		out, err := os.MkdirTemp(b.dir, "trained-")
		if err != nil {
			return err
		}
		return stats.InTurn(round,
			func() error {
				return b.whole(Train, trainCase, trainer, exec.CommandContext(ctx, b.tagifai, "train",
					"--data", b.data, "--args", file, "--out", filepath.Join(out, "go")))
			},
			func() error {
				var inside struct {
					Seconds float64 `json:"seconds"`
				}
				u, err := finish(b.python.Script(ctx, "train.py", b.data, file, filepath.Join(out, "python")), &inside)
				if err == nil {
					b.addUsage(Train, trainCase, fitter, u)
					b.results.Add(Train, trainCase, fitter, fitSeconds, inside.Seconds)
				}
				return err
			},
		)
	})
}
