package main

import (
	"fmt"
	"math"
)

// A Verdict is a target and what came of it.
type Verdict struct {
	Target string `json:"target"`
	Want   string `json:"want"`
	// Got is nil if it was not measured.
	Got     *Summary `json:"got"`
	Unit    string   `json:"unit"`
	Reached bool     `json:"reached"` // by the median
}

// judge holds the results against the targets.
func judge(r *Results) []Verdict {
	var verdicts []Verdict
	judged := func(got Summary, reached bool, target, want, unit string) {
		v := Verdict{Target: target, Want: want, Unit: unit}
		if !math.IsNaN(got.Median) && !math.IsInf(got.Median, 0) {
			v.Got, v.Reached = &got, reached
		}
		verdicts = append(verdicts, v)
	}
	atLeast := func(want float64, got Summary, unit, target string) {
		judged(got, got.Median >= want, target, fmt.Sprintf("at least %s%s", number(want), unit), unit)
	}
	atMost := func(want float64, got Summary, unit, target string) {
		judged(got, got.Median <= want, target, fmt.Sprintf("at most %s%s", number(want), unit), unit)
	}

	two := targetShape.cell(targetConnections)
	load := func(side, metric string) []float64 { return r.values(HTTP, two, side, metric) }
	atLeast(60, ratio(load(service, rate), load(gunicorn, rate)), " ×", "requests a second, two short texts, 32 connections, against gunicorn")
	atLeast(100, ratio(load(gunicorn, cpuPer), load(service, cpuPer)), " × less", "CPU of the server per request, the same, against gunicorn")
	atLeast(0.80, ratio(load(service, rate), load(bare, rate)), " ×", "requests a second, the same, against the floor")
	atMost(1.30, ratio(load(service, cpuPer), load(bare, cpuPer)), " ×", "CPU of the server per request, the same, against the floor")
	atMost(0.1, ratio(load(service, p99), load(gunicorn, p99)), " ×", "p99, the same, against gunicorn, which that saturates")
	atLeast(25, ratio(load(gunicorn, memory), load(service, memory)), " × less", "resident memory under that load, against gunicorn")
	atMost(18, summarize(r.values(Rest, restCase, service, memory)), " MB", "resident memory at rest")
	atMost(28, summarize(load(service, memory)), " MB", "resident memory under that load")
	atMost(40, r.mostMemory(), " MB", "resident memory under any of the loads")

	atLeast(700, ratio(r.values(Text, textCase, inPython, perText), r.values(Text, textCase, inGo, perText)), " ×", "one text in process, 60 characters, against one scikit-learn call")

	file := func(side string) []float64 { return r.values(Bulk, bulkCase, side, seconds) }
	atLeast(50, ratio(file(batchCall), file(predictOne)), " ×", "bulk, one core, against scikit-learn's batch call")
	atLeast(95, ratio(file(batchCall), file(predictAll)), " ×", fmt.Sprintf("bulk, all %d cores, against scikit-learn's batch call", r.Environment.Cores))
	atLeast(5, ratio(file(fastText), file(predictOne)), " ×", "bulk, one core, against fastText of dimension 10, loading included")
	if r.Environment.Cores > 1 {
		atLeast(1.9, ratio(file(predictOne), file(predictAll)), " ×", fmt.Sprintf("bulk, all %d cores against one", r.Environment.Cores))
	}

	first := func(side string) []float64 { return r.values(Start, startCase, side, firstPrediction) }
	atMost(20, summarize(first(service)), " ms", "start to first prediction")
	atLeast(40, ratio(first(gunicorn), first(service)), " ×", "start to first prediction, against gunicorn")
	atLeast(40, ratio(first(uvicorn), first(service)), " ×", "start to first prediction, against one uvicorn process")

	atMost(8, summarize(r.values(Go, "BenchmarkPredict", inBenchmark, allocations)), "", "allocations per /predict request with two texts")
	atMost(0, summarize(r.sizes("BenchmarkTag", allocations)[60]), "", "allocations per text in the core")
	atMost(2.0, growth(r.sizes("BenchmarkVocabulary", nanoseconds)), " ×", "cost per text as the vocabulary grows from 10 k to 1 M n-grams")
	atMost(1.2, unevenness(r.sizes("BenchmarkLength", nanoseconds)), " ×", "highest cost per byte against the lowest, of texts from 100 B to 1 MB")
	return verdicts
}

// mostMemory summarizes the most that the service took in each round.
func (r *Results) mostMemory() Summary {
	var most []float64
	for _, s := range r.Series {
		if s.Part != HTTP || s.Side != service || s.Metric != memory {
			continue
		}
		for round, value := range s.Values {
			if round == len(most) {
				most = append(most, 0)
			}
			most[round] = max(most[round], value)
		}
	}
	return summarize(most)
}
