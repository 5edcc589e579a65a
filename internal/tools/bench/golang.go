package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/stats"
)

// The Go benchmarks that answer for the core, and where they are.
var goBenchmarks = []struct{ pattern, pkg string }{
	{"^(BenchmarkTag|BenchmarkVocabulary|BenchmarkLength|BenchmarkDefault)$", "./model"},
	{"^BenchmarkPredict$", "./internal/server"},
	{"^BenchmarkPredictLines$", "./cmd/tagifai"},
}

// The figures of a Go benchmark, and the side that has them.
const (
	nanoseconds = "ns/op"
	allocations = "allocs/op"
	lineNanos   = "ns/line"
	outside     = "outside-ns/line" // reading, quoting and writing a line, without the model

	inBenchmark = "go test -bench"
)

// golang runs the Go benchmarks of the core.
func (b *bench) golang(ctx context.Context) error {
	return b.eachRound(ctx, Go, func(int) error {
		for _, g := range goBenchmarks {
			cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", g.pattern, "-benchmem", "-benchtime", "0.2s", g.pkg)
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w: %s", cmd, err, out)
			}
			for _, line := range parseBenchmarks(out) {
				for _, metric := range []string{nanoseconds, lineNanos, outside, allocations} {
					if value, ok := line.values[metric]; ok {
						b.results.Add(Go, line.name, inBenchmark, metric, value)
					}
				}
			}
		}
		return nil
	})
}

// A benchmark is a line of go test -bench.
type benchmark struct {
	name   string // without the number of cores
	values map[string]float64
}

func parseBenchmarks(out []byte) []benchmark {
	var benchmarks []benchmark
	for line := range bytes.Lines(out) {
		fields := strings.Fields(string(line))
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		values := make(map[string]float64)
		for pair := range slices.Chunk(fields[2:], 2) {
			if value, err := strconv.ParseFloat(pair[0], 64); err == nil && len(pair) == 2 {
				values[pair[1]] = value
			}
		}
		benchmarks = append(benchmarks, benchmark{name, values})
	}
	return benchmarks
}

// sizes returns the series of a benchmark's sub-benchmarks by the size that each is
// named after: 10000, 10k, bytes=1M.
func sizes(r *report.Results, name, metric string) map[float64][]float64 {
	series := make(map[float64][]float64)
	for _, s := range r.Series {
		sub, ok := strings.CutPrefix(s.Case, name+"/")
		if size, known := parseSize(sub); ok && known && s.Part == Go && s.Metric == metric {
			series[size] = s.Values
		}
	}
	return series
}

// parseSize reads the number that the last part of a name ends in or consists of, with
// the multiplier behind it: "ngrams=10k" is 10,000.
func parseSize(name string) (float64, bool) {
	name = name[strings.LastIndexAny(name, "/=")+1:]
	number := strings.TrimRight(name, "kKMBi")
	size, err := strconv.ParseFloat(strings.ReplaceAll(number, "_", ""), 64)
	switch unit := name[len(number):]; {
	case err != nil:
		return 0, false
	case strings.HasPrefix(strings.ToLower(unit), "k"):
		size *= 1e3
	case strings.HasPrefix(unit, "M"):
		size *= 1e6
	}
	return size, true
}

// growth returns what the largest size costs, as a multiple of the smallest.
func growth(series map[float64][]float64) stats.Summary {
	if len(series) < 2 {
		return stats.Summarize(nil)
	}
	sizes := slices.Sorted(maps.Keys(series))
	return stats.Ratio(series[sizes[len(sizes)-1]], series[sizes[0]])
}

// unevenness returns the highest cost per unit of size, as a multiple of the lowest.
func unevenness(series map[float64][]float64) stats.Summary {
	if len(series) < 2 {
		return stats.Summarize(nil)
	}
	var all []float64
	for round := 0; ; round++ {
		low, high := math.Inf(1), 0.0
		for size, values := range series {
			if round >= len(values) {
				return stats.Summarize(all)
			}
			low, high = min(low, values[round]/size), max(high, values[round]/size)
		}
		all = append(all, high/low)
	}
}
