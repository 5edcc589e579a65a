package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/stats"
)

func TestParseBenchmarks(t *testing.T) {
	read, err := os.ReadFile("testdata/gotest.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := []benchmark{
		{"BenchmarkTag/60", map[string]float64{"ns/op": 4427, "MB/s": 13.55, "B/op": 31, "allocs/op": 0}},
		{"BenchmarkTag/140", map[string]float64{"ns/op": 8540, "MB/s": 16.39, "B/op": 0, "allocs/op": 0}},
		{"BenchmarkTag/100000", map[string]float64{"ns/op": 4236446, "MB/s": 23.63, "B/op": 199668, "allocs/op": 10}},
		{"BenchmarkDefault", map[string]float64{"ns/op": 22350830, "B/op": 11430064, "allocs/op": 310}},
	}
	if diff := cmp.Diff(parseBenchmarks(read), want, cmp.AllowUnexported(benchmark{})); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestParseSize(t *testing.T) {
	for name, want := range map[string]float64{
		"100":            100,
		"10k":            1e4,
		"100_000":        1e5,
		"1M":             1e6,
		"1MB":            1e6,
		"100B":           100,
		"ngrams=10k":     1e4,
		"char_wb/size=5": 5,
		"":               -1,
		"large":          -1,
		"k":              -1,
	} {
		got, ok := parseSize(name)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}

func TestGrowth(t *testing.T) {
	r := new(report.Results)
	for _, round := range []map[string]float64{
		{"10k": 100, "100k": 150, "1M": 230},
		{"10k": 200, "100k": 320, "1M": 420},
	} {
		for size, value := range round {
			r.Add(Go, "BenchmarkVocabulary/"+size, inBenchmark, nanoseconds, value)
		}
	}
	r.Add(Go, "BenchmarkVocabulary/1G", inBenchmark, nanoseconds, 1)
	r.Add(Go, "BenchmarkTag/10", inBenchmark, nanoseconds, 1)
	series := sizes(r, "BenchmarkVocabulary", nanoseconds)
	if diff := cmp.Diff(series, map[float64][]float64{1e4: {100, 200}, 1e5: {150, 320}, 1e6: {230, 420}}); diff != "" {
		t.Errorf("sizes (-got +want):\n%s", diff)
	}
	approx := cmpopts.EquateApprox(1e-9, 0)
	if diff := cmp.Diff(growth(series), stats.Summary{Median: 2.2, Low: 2.1, High: 2.3}, approx); diff != "" {
		t.Errorf("growth (-got +want):\n%s", diff)
	}
	even := map[float64][]float64{100: {200, 100}, 1000: {2400, 1000}, 10000: {22000, 10000}}
	if diff := cmp.Diff(unevenness(even), stats.Summary{Median: 1.1, Low: 1, High: 1.2}, approx); diff != "" {
		t.Errorf("unevenness (-got +want):\n%s", diff)
	}
	for name, got := range map[string]stats.Summary{"growth": growth(nil), "unevenness": unevenness(nil)} {
		if diff := cmp.Diff(got, stats.Summarize(nil), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s of nothing (-got +want):\n%s", name, diff)
		}
	}
}
