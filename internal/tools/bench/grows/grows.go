// Package grows measures how the cost of the service grows: with connections, texts of a
// request, the length of a text, n-grams of the model and models in memory. It writes a
// page with a plot, a fitted curve and its bend for each.
package grows

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tagifai/internal/server/classify"
	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/report"
	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
	"tagifai/internal/tools/bench/wrk"
)

// The figures.
const (
	requests = "requests/s"
	cpu      = "CPU µs a request"
	memory   = "memory MB"
	start    = "start ms" // from exec to the first prediction
	found    = "n-grams found in a text"
	p50      = "p50 ms"
	p99      = "p99 ms"
	wrkBusy  = "wrk, share of a core"
)

// An axis is what something grows with.
type axis struct {
	name   report.Part // also of its files
	x      string      // name and unit
	short  string      // of x in a formula
	points []int       // evenly spaced in the logarithm
	panels []panel     // an even number
	setup  string      // a sentence: what was measured
	round  func(ctx context.Context, g *growth, a *axis, round int) error
}

// A panel is one figure over the axis, with the form of its curve.
type panel struct {
	metric string
	form
}

var axes = []*axis{
	{
		name: "connections", x: "connections", short: "c", points: []int{1, 4, 16, 64, 256, 1024, 4096},
		panels: []panel{{requests, hinge}, {cpu, hinge}, {memory, line}, {p50, line}},
		setup:  "Requests of two texts of 60 characters; from 2,000 connections on the load lasts a second longer for each thousand, as they are opened within it.",
		round:  connections,
	},
	{
		name: "texts", x: "texts a request", short: "n", points: []int{1, 3, 10, 32, 100, 316, 1000, 3162, 10_000},
		panels: []panel{{cpu, line}, {requests, rate}},
		setup:  "Texts of 60 characters, 8 connections.",
		round:  texts,
	},
	{
		name: "length", x: "bytes of a text", short: "s", points: []int{10, 32, 100, 316, 1000, 3162, 10_000, 31_623, 100_000, 316_228, 1_000_000},
		panels: []panel{{cpu, line}, {requests, rate}},
		setup:  "One text a request, 8 connections.",
		round:  length,
	},
	{
		name: "ngrams", x: "n-grams of the model", short: "n", points: []int{10_000, 28_000, 79_000, 224_000, 630_000, 1_770_000, 5_000_000},
		panels: []panel{{cpu, hinge}, {requests, hinge}, {memory, line}, {start, line}},
		setup:  "Requests of 100 texts of 140 characters, 8 connections. The texts are of a million made-up words, frequent as Zipf has it; the n-grams, of 2 to 7 characters within words, are the most frequent ones of them. Weights of four classes are random.",
		round:  ngrams,
	},
	{
		name: "models", x: "models in memory", short: "m", points: []int{1, 3, 10, 32, 100, 316, 1000},
		panels: []panel{{cpu, hinge}, {requests, hinge}, {memory, line}, {start, line}},
		setup:  "Copies of the embedded model in a store, each asked once to load it, then all of them in turn: two texts of 60 characters, 8 connections; --max-models-bytes 64 GiB. The start loads one.",
		round:  models,
	},
}

// Names are those of the axes.
func Names() []string {
	var names []string
	for _, a := range axes {
		names = append(names, string(a.name))
	}
	return names
}

// Options say what is measured.
type Options struct {
	Tagifai string         // the binary
	Corpus  *corpus.Corpus // that the texts are cut from
	Dir     string         // for what is thrown away
	Out     string         // directory of growth.md, growth.json and growth-*.png
	Axes    []string       // of [Names]; the other axes keep the figures that growth.json has of them
	Rounds  int
	Seconds int // that each load lasts
	Logf    func(format string, args ...any)
}

// A growth is one run.
type growth struct {
	Options
	words   []string // of the corpus
	results *report.Results
	made    made
}

// Run measures, and writes the page. An axis that failed, or was cut off, is not in it.
func Run(ctx context.Context, o Options) error {
	g := &growth{Options: o, words: strings.Fields(strings.Join(o.Corpus.Texts, " "))}
	all, err := read(o.Out)
	if err != nil {
		return err
	}
	for _, name := range o.Axes {
		a := find(report.Part(name))
		if a == nil {
			return fmt.Errorf("there is no axis %q; there are %s", name, strings.Join(Names(), ", "))
		}
		begin := time.Now()
		g.results = &report.Results{Setup: []string{a.setup}}
		if g.results.Environment, _, err = report.Look([]string{"wrk"}); err != nil {
			return err
		}
		for round := range o.Rounds {
			o.Logf("grows: %s, round %d of %d", name, round+1, o.Rounds)
			if err := a.round(ctx, g, a, round); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		g.results.Environment.Finish()
		o.Logf("grows: %s done in %s", name, time.Since(begin).Round(time.Second))
		all[a.name] = g.results
		if err := write(o.Out, all); err != nil {
			return err
		}
	}
	return write(o.Out, all)
}

func find(name report.Part) *axis {
	for _, a := range axes {
		if a.name == name {
			return a
		}
	}
	return nil
}

func (g *growth) path(name string) string { return filepath.Join(g.Dir, name) }

func (g *growth) add(a *axis, point int, side, metric string, value float64) {
	g.results.Add(a.name, strconv.Itoa(point), side, metric, value)
}

// service is this service, set so that it refuses nothing of what is measured.
func (g *growth) service(args ...string) sides.Side {
	return sides.NewService(g.Tagifai, append([]string{"--max-queued", "8192", "--max-held-bytes", "1073741824"}, args...)...)
}

// prose returns so many texts of that many bytes, of words that begin all over the corpus.
func prose(words []string, count, size int) []string {
	const stride = 7919 // prime, so that it comes by every word
	texts := make([]string, count)
	for i := range texts {
		var text strings.Builder
		for next := i * stride; text.Len() < size; next++ {
			text.WriteString(words[next%len(words)])
			text.WriteByte(' ')
		}
		// A cut within a character leaves what JSON cannot hold.
		texts[i] = strings.ToValidUTF8(text.String()[:size], "")
	}
	return texts
}

// body returns the body of a request.
func body(texts []string) (string, error) {
	var payload classify.PredictPayload
	for _, text := range texts {
		payload.Texts = append(payload.Texts, classify.Text{Text: text})
	}
	b, err := json.Marshal(payload)
	return string(b), err
}

// A load is what all requests of a point have in common.
type load struct {
	file string // bodies, a line each
	body string // one of them
}

// newLoad writes bodies of these texts, so many in each.
func (g *growth) newLoad(name string, texts []string, each int) (load, error) {
	var bodies []string
	for ; len(texts) >= each; texts = texts[each:] {
		b, err := body(texts[:each])
		if err != nil {
			return load{}, err
		}
		bodies = append(bodies, b)
	}
	l := load{g.path(name), bodies[len(bodies)/2]}
	return l, corpus.WriteLines(l.file, bodies)
}

// seconds returns how long so many connections are to send: to open them is to be little
// of the work.
func (g *growth) seconds(connections int) int { return max(g.Seconds, connections/1000) }

// measure puts a server under load and notes the figures of a point.
func (g *growth) measure(ctx context.Context, a *axis, point int, s *sides.Server, file string, connections int) error {
	before, err := s.Settle(ctx)
	if err != nil {
		return err
	}
	most := s.WatchMemory()
	l, err := wrk.Run(ctx, wrk.Options{URL: s.URL + "/predict", Bodies: file, Connections: connections, Seconds: g.seconds(connections)})
	bytes, memoryErr := most()
	if err := errors.Join(err, memoryErr); err != nil {
		return fmt.Errorf("%d, %s: %w", point, s.Name, err)
	}
	after, err := s.Settle(ctx)
	if err != nil {
		return err
	}
	g.add(a, point, s.Name, requests, l.Rate())
	g.add(a, point, s.Name, cpu, (after-before).Seconds()/float64(l.Requests)*1e6)
	g.add(a, point, s.Name, memory, float64(bytes)/1e6)
	g.add(a, point, s.Name, p50, l.P50/1e3)
	g.add(a, point, s.Name, p99, l.P99/1e3)
	g.add(a, point, s.Name, wrkBusy, l.Busy)
	return nil
}

// with starts a side, calls f with it and stops it.
func with(ctx context.Context, side sides.Side, f func(*sides.Server) error) error {
	s, err := sides.Begin(ctx, side)
	if err != nil {
		return err
	}
	defer s.Kill()
	return f(s)
}

// alternated returns the points in the order of a round: upwards, downwards, and so on.
func alternated(points []int, round int) []int {
	ordered := append([]int(nil), points...)
	if round%2 == 1 {
		for i, p := range points {
			ordered[len(points)-1-i] = p
		}
	}
	return stats.Rotated(ordered, round/2)
}

func read(dir string) (map[report.Part]*report.Results, error) {
	all := make(map[report.Part]*report.Results)
	content, err := os.ReadFile(filepath.Join(dir, "growth.json"))
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	return all, err
}
