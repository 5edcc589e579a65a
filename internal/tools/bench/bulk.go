package main

import (
	"context"
	"errors"
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
// processes, from exec to their end, with the loading of the model. scikit-learn, which
// takes minutes for the file, is given its beginning, so that only its time for a line
// compares.
func (b *bench) bulk(ctx context.Context) error {
	lines, beginning := b.path("lines.txt"), b.path("beginning.txt")
	texts := b.corpus.Lines(b.lines)
	few := texts[:(b.lines+9)/10]
	if err := errors.Join(corpus.WriteLines(lines, texts), corpus.WriteLines(beginning, few)); err != nil {
		return err
	}
	fast := b.path("fasttext")
	if b.has(fastTextPackages) {
		if err := b.trainFastText(ctx, fast); err != nil {
			return err
		}
	}
	b.setupf("The file: %d lines of %d characters on average, in the page cache; every output goes to /dev/null. "+
		"The time is that of the whole process, loading included, also where it is divided by the lines, but for scikit-learn's batch call, "+
		"which begins when everything is imported and loaded. scikit-learn is given the first %d lines only: its time for a line is of these. "+
		"fastText: -minn 2 -maxn 6 -dim 10, trained on the same rows; it predicts on one core.",
		b.lines, corpus.MeanLength(texts), len(few))

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
			}
			u, err := finish(b.python.Script(ctx, "batch.py", b.artifact, beginning), &inside)
			if err == nil {
				b.results.Add(Bulk, bulkCase, batchCall, perLine, inside.Score/float64(len(few))*1e6)
				b.results.Add(Bulk, bulkCase, batchProcess, perLine, u.seconds/float64(len(few))*1e6)
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
