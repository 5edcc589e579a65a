package main

import (
	"context"
	"os"
	"os/exec"

	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// The figures of a program that runs to its end.
const (
	seconds    = "s"
	cpuSeconds = "CPU s"
	perLine    = "µs a line"
)

// The sides of the bulk file.
const (
	predictOne   = "tagifai predict, one core"
	predictAll   = "tagifai predict, all cores"
	batchCall    = "scikit-learn, reading and one batch call"
	batchProcess = "scikit-learn, the whole process"
	fastText     = "fasttext predict"
	wordCount    = "wc -lw"

	bulkCase = "the file"
)

// bulk measures how long a file of many lines takes. All but batchCall are whole
// processes, from exec to their end, with the loading of the model.
func (b *bench) bulk(ctx context.Context) error {
	lines := b.path("lines.txt")
	texts := b.corpus.Lines(b.lines)
	if err := corpus.WriteLines(lines, texts); err != nil {
		return err
	}
	fast := b.path("fasttext")
	if b.has(fastTextPackages) {
		if err := b.trainFastText(ctx, fast); err != nil {
			return err
		}
	}
	b.setupf("The file: %d lines of %d characters on average, in the page cache; every output goes to /dev/null. "+
		"The seconds are those of the whole process, loading included, but for scikit-learn's batch call, "+
		"which begins when everything is imported and loaded. fastText: -minn 2 -maxn 6 -dim 10, trained on the same rows; it predicts on one core.",
		b.lines, corpus.MeanLength(texts))

	tagifai := func(name, binary string, env ...string) func() error {
		return func() error {
			in, err := os.Open(lines)
			if err != nil {
				return err
			}
			defer in.Close()
			cmd := exec.CommandContext(ctx, binary, "predict", "--model", b.artifact)
			cmd.Stdin = in
			cmd.Env = append(os.Environ(), env...)
			return b.whole(Bulk, bulkCase, name, cmd)
		}
	}
	programs := []func() error{
		tagifai(predictOne, b.tagifai, "GOMAXPROCS=1"),
		tagifai(predictAll, b.tagifai),
		func() error {
			return b.whole(Bulk, bulkCase, wordCount, exec.CommandContext(ctx, "wc", "-lw", lines))
		},
	}
	if b.base != "" {
		programs = append(programs,
			tagifai(predictOne+", "+sides.ServiceBase, b.base, "GOMAXPROCS=1"),
			tagifai(predictAll+", "+sides.ServiceBase, b.base),
		)
	}
	if b.has(fastTextPackages) {
		programs = append(programs, func() error {
			return b.whole(Bulk, bulkCase, fastText, exec.CommandContext(ctx, "fasttext", "predict", fast+".bin", lines))
		})
	}
	if b.has(sides.PythonPackages) {
		programs = append(programs, func() error {
			var inside struct {
				Score float64 `json:"score"`
				CPU   float64 `json:"cpu"`
			}
			u, err := finish(b.python.Script(ctx, "batch.py", b.artifact, lines), &inside)
			if err == nil {
				b.addUsage(Bulk, bulkCase, batchCall, usage{inside.Score, inside.CPU})
				b.addUsage(Bulk, bulkCase, batchProcess, u)
			}
			return err
		})
	}
	return b.eachRound(ctx, Bulk, func(round int) error { return stats.InTurn(round, programs...) })
}

// trainFastText trains a fastText model on the same rows.
func (b *bench) trainFastText(ctx context.Context, model string) error {
	labelled := b.path("labelled.txt")
	if err := corpus.WriteLines(labelled, b.corpus.Labelled()); err != nil {
		return err
	}
	b.logf("training fastText")
	_, err := finish(exec.CommandContext(ctx, "fasttext", "supervised", "-input", labelled, "-output", model,
		"-minn", "2", "-maxn", "6", "-dim", "10", "-thread", "1", "-verbose", "0"), nil)
	return err
}

// whole measures a program that says nothing of itself.
func (b *bench) whole(part report.Part, name, side string, cmd *exec.Cmd) error {
	u, err := finish(cmd, nil)
	if err != nil {
		return err
	}
	b.addUsage(part, name, side, u)
	return nil
}

func (b *bench) addUsage(part report.Part, name, side string, u usage) {
	b.results.Add(part, name, side, seconds, u.seconds)
	b.results.Add(part, name, side, cpuSeconds, u.cpu)
	if part == Bulk {
		b.results.Add(part, name, side, perLine, u.seconds/float64(b.lines)*1e6)
	}
}
