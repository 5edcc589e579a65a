package main

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
)

// sample is a run of three rounds with one cell, in which gunicorn was first.
func sample() *report.Results {
	r := &report.Results{
		Environment: &report.Environment{CPU: "A CPU", Cores: 2, Packages: []string{"wrk 4"}},
		Setup:       []string{"How it was."},
	}
	cell := targetShape.cell(targetConnections)
	for i, slow := range []float64{1, 0.5, 1.25} {
		add := func(side, metric string, value float64) { r.Add(HTTP, cell, side, metric, value) }
		add(sides.Gunicorn, rate, 500*slow)
		add(sides.Gunicorn, memory, 800)
		add(sides.Service, rate, 31000*slow)
		add(sides.Service, p99, 4/slow)
		add(sides.Service, memory, 30+float64(i))
		add(sides.Floor, rate, 40000*slow)
		for k, peer := range sides.PeerNames {
			add(peer, p99, float64(50+20*k))
		}
		r.Add(HTTP, shape{100, 140}.cell(256), sides.Service, memory, 50)
	}
	r.Add(Go, "BenchmarkTag/chars=60", inBenchmark, allocations, 0)
	r.Add(Go, "BenchmarkTag/chars=140", inBenchmark, allocations, 1)
	return r
}

func TestTable(t *testing.T) {
	got := sample().Table(sections[0], rank)
	want := [][]string{
		{"", "side", rate, memory, p99, rate + ": this service is better by", cpuPer + ": this service is better by"},
		{"2 texts of 60 characters, 32 connections", "this service", "31,000 (15,500–38,800)", "31 (30–32)", "4 (3.20–8)", "", ""},
		{"", "gunicorn", "500 (250–625)", "800", "", "62 ×", ""},
		{"", "MLServer", "", "", "50", "", ""},
		{"", "MLflow", "", "", "70", "", ""},
		{"", "BentoML", "", "", "90", "", ""},
		{"", "LitServe", "", "", "110", "", ""},
		{"", "floor", "40,000 (20,000–50,000)", "", "", "0.775 ×", ""},
		{"100 texts of 140 characters, 256 connections", "this service", "", "50", "", "", ""},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestJudge(t *testing.T) {
	got := make(map[string]string)
	for _, v := range judge(sample()) {
		switch {
		case v.Got == nil:
			got[v.Target] = "not measured"
		case v.Reached:
			got[v.Target] = "reached by " + v.Got.String() + v.Unit
		default:
			got[v.Target] = "missed by " + v.Got.String() + v.Unit
		}
		if v.Got == nil && v.Reached {
			t.Errorf("%s: reached, but not measured", v.Target)
		}
	}
	for target, want := range map[string]string{
		"requests a second, two short texts, 32 connections, against gunicorn": "reached by 62 ×",
		"requests a second, the same, against the floor":                       "missed by 0.775 ×",
		"resident memory under that load, against gunicorn":                    "reached by 25.8 (25–26.7) × less",
		"resident memory under that load":                                      "missed by 31 (30–32) MB",
		"resident memory under any of the loads":                               "missed by 50 MB",
		"p99, the same, against gunicorn, which that saturates":                "not measured",
		"start to first prediction":                                            "not measured",
		"allocations per text in the core":                                     "reached by 0",
		"allocations per /predict request with two texts":                      "not measured",
	} {
		if got[target] != want {
			t.Errorf("%s: got %q, want %q", target, got[target], want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := sample()
	r.Targets = judge(r)
	text := string(markdown(r))
	for _, want := range []string{
		"A CPU, 2 cores",
		"\n- How it was.\n",
		"\n## Targets\n\n| what | target | got |  |\n|---|---|---|---|\n",
		"| at least 60 × | 62 × | reached |\n",
		"| at least 0.8 × | 0.775 × | **not reached** |\n",
		"\n## POST /predict under load\n\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "A file of many lines") || strings.Contains(text, "NaN") {
		t.Errorf("the table tells of what was not measured:\n%s", text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|\n") {
			t.Errorf("not a row: %s", line)
		}
	}
}

func TestGenerator(t *testing.T) {
	r := new(report.Results)
	if got := generator(r); got != "" {
		t.Errorf("without a load: got %q", got)
	}
	for _, busy := range []float64{0.5, 0.99, 0.6} {
		r.Add(HTTP, "a cell", sides.Service, wrkBusy, busy)
	}
	if got, want := generator(r), "wrk was busy for at most 0.6 of its core: it was nowhere the bottleneck."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Add(HTTP, "another", sides.Floor, wrkBusy, 0.95)
	if got, want := generator(r), "wrk was the bottleneck, and the server could do more, at: another (floor)."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJSON makes sure that results without a figure are JSON too, which has no NaN.
func TestJSON(t *testing.T) {
	r := sample()
	r.Targets = judge(r)
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Results
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&got, r); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestPicture(t *testing.T) {
	raw, err := picture(sample())
	if err != nil {
		t.Fatal(err)
	}
	image, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drawn {
		found := false
		for y := range image.Bounds().Dy() {
			for x := range image.Bounds().Dx() {
				found = found || image.At(x, y) == d.color
			}
		}
		if !found {
			t.Errorf("%s: its color is nowhere in the picture", d.side)
		}
	}
	if raw, err := picture(new(report.Results)); raw != nil || err != nil {
		t.Errorf("without a load: got %d bytes, %v, want none", len(raw), err)
	}
}
