package main

import (
	"fmt"
	"math"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// judge holds the results against the targets.
func judge(r *report.Results) []report.Verdict {
	var verdicts []report.Verdict
	judged := func(got stats.Summary, reached bool, target, want, unit string) {
		v := report.Verdict{Target: target, Want: want, Unit: unit}
		if !math.IsNaN(got.Median) && !math.IsInf(got.Median, 0) {
			v.Got, v.Reached = &got, reached
		}
		verdicts = append(verdicts, v)
	}
	atLeast := func(want float64, got stats.Summary, unit, target string) {
		judged(got, got.Median >= want, target, fmt.Sprintf("at least %s%s", stats.Number(want), unit), unit)
	}
	atMost := func(want float64, got stats.Summary, unit, target string) {
		judged(got, got.Median <= want, target, fmt.Sprintf("at most %s%s", stats.Number(want), unit), unit)
	}

	two := targetShape.cell(targetConnections)
	load := func(side, metric string) []float64 { return r.Values(HTTP, two, side, metric) }
	atLeast(60, stats.Ratio(load(sides.Service, rate), load(sides.Gunicorn, rate)), " ×", "requests a second, two short texts, 32 connections, against gunicorn")
	atLeast(100, stats.Ratio(load(sides.Gunicorn, cpuPer), load(sides.Service, cpuPer)), " × less", "CPU of the server per request, the same, against gunicorn")
	atLeast(0.80, stats.Ratio(load(sides.Service, rate), load(sides.Floor, rate)), " ×", "requests a second, the same, against the floor")
	atMost(1.30, stats.Ratio(load(sides.Service, cpuPer), load(sides.Floor, cpuPer)), " ×", "CPU of the server per request, the same, against the floor")
	atMost(1.15, stats.Ratio(load(sides.ServiceProbabilities, cpuPer), load(sides.Service, cpuPer)), " ×", "CPU of the server per request, the same, of include=probabilities against plain")
	atMost(1.6, stats.Ratio(load(sides.ServiceExplanation, cpuPer), load(sides.Service, cpuPer)), " ×", "CPU of the server per request, the same, of include=explanation against plain")
	atMost(0.1, stats.Ratio(load(sides.Service, p99), load(sides.Gunicorn, p99)), " ×", "p99, the same, against gunicorn, which that saturates")
	atLeast(25, stats.Ratio(load(sides.Gunicorn, memory), load(sides.Service, memory)), " × less", "resident memory under that load, against gunicorn")
	atMost(18, stats.Summarize(r.Values(Rest, restCase, sides.Service, memory)), " MB", "resident memory at rest")
	atMost(28, stats.Summarize(load(sides.Service, memory)), " MB", "resident memory under that load")
	atMost(40, mostMemory(r), " MB", "resident memory under any of the loads")

	atLeast(700, stats.Ratio(r.Values(Text, textCase, inPython, perText), r.Values(Text, textCase, inGo, perText)), " ×", "one text in process, 60 characters, against one scikit-learn call")

	file := func(side string) []float64 { return r.Values(Bulk, bulkCase, side, perLine) }
	atLeast(50, stats.Ratio(file(batchCall), file(predictOne)), " ×", "bulk, one core, against scikit-learn's batch call")
	atLeast(95, stats.Ratio(file(batchCall), file(predictAll)), " ×", fmt.Sprintf("bulk, all %d cores, against scikit-learn's batch call", r.Environment.Cores))
	atLeast(5, stats.Ratio(file(fastText), file(predictOne)), " ×", "bulk, one core, against fastText of dimension 10, loading included")
	if r.Environment.Cores > 1 {
		atLeast(1.9, stats.Ratio(file(predictOne), file(predictAll)), " ×", fmt.Sprintf("bulk, all %d cores against one", r.Environment.Cores))
	}

	first := func(side string) []float64 { return r.Values(Start, startCase, side, firstPrediction) }
	atMost(20, stats.Summarize(first(sides.Service)), " ms", "start to first prediction")
	atLeast(40, stats.Ratio(first(sides.Gunicorn), first(sides.Service)), " ×", "start to first prediction, against gunicorn")
	atLeast(40, stats.Ratio(first(sides.Uvicorn), first(sides.Service)), " ×", "start to first prediction, against one uvicorn process")

	goBench := func(name, metric string) []float64 { return r.Values(Go, name, inBenchmark, metric) }
	inUnit := func(values []float64, unit float64) stats.Summary {
		var scaled []float64
		for _, value := range values {
			scaled = append(scaled, value/unit)
		}
		return stats.Summarize(scaled)
	}
	atMost(0.9, inUnit(sizes(r, "BenchmarkTag", nanoseconds)[60], 1e3), " µs", "a text of 60 characters in the model")
	atMost(2.0, inUnit(sizes(r, "BenchmarkTag", nanoseconds)[140], 1e3), " µs", "a text of 140 characters in the model")
	atMost(2, inUnit(goBench("BenchmarkDefault", nanoseconds), 1e6), " ms", "loading the default model")
	atMost(25, stats.Summarize(r.Values(Load, loadLarge, inGo, milliseconds)), " ms", "loading some 100,000 n-grams of scikit-learn's")
	atMost(1.0, inUnit(goBench("BenchmarkPredictLines/cores=1", outside), 1e3), " µs", "a line of the bulk file outside the model: reading, quoting, writing")
	atMost(44.1, stats.Summarize(r.Values(Disk, diskCase, sides.Service, diskMB)), " MB", "the binary, stripped")
	atMost(8, stats.Summarize(r.Values(Go, "BenchmarkPredict", inBenchmark, allocations)), "", "allocations per /predict request with two texts")
	atMost(0, stats.Summarize(sizes(r, "BenchmarkTag", allocations)[60]), "", "allocations per text in the core")
	atMost(2.0, growth(sizes(r, "BenchmarkVocabulary", nanoseconds)), " ×", "cost per text as the vocabulary grows from 10 k to 1 M n-grams")
	atMost(1.2, unevenness(sizes(r, "BenchmarkLength", nanoseconds)), " ×", "highest cost per byte against the lowest, of texts from 100 B to 1 MB")
	return verdicts
}

// mostMemory summarizes the most that the service took in each round.
func mostMemory(r *report.Results) stats.Summary {
	var most []float64
	for _, s := range r.Series {
		if s.Part != HTTP || s.Side != sides.Service || s.Metric != memory {
			continue
		}
		for round, value := range s.Values {
			if round == len(most) {
				most = append(most, 0)
			}
			most[round] = max(most[round], value)
		}
	}
	return stats.Summarize(most)
}
