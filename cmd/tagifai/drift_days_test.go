//go:build !race

// Nothing here is done at the same time as anything else, and the race detector makes it
// take minutes.

package main

import (
	"encoding/csv"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/internal/monitor"
	"tagifai/model"
)

// Days more than a few, such as 100, also bring busier services and more models.
var ordinaryDays = flag.Int("days", 2, "how many ordinary days TestOrdinaryDays simulates")

// textsADay are how busy the simulated services are.
func textsADay() []float64 {
	if *ordinaryDays < 20 {
		return []float64{200, 2000}
	}
	return []float64{50, 200, 2000, 20_000}
}

// readProjects reads the data set of the default model, in the order of time, or skips the
// test.
func readProjects(t *testing.T) (head []string, rows [][]string) {
	t.Helper()
	file, err := os.Open("../../../shared/datasets/dataset.csv")
	if err != nil {
		t.Skipf("%v: there are no projects to simulate days with", err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

func writeCSV(t *testing.T, head []string, rows [][]string) string {
	t.Helper()
	var text strings.Builder
	if err := csv.NewWriter(&text).WriteAll(append([][]string{head}, rows...)); err != nil {
		t.Fatal(err)
	}
	return write(t, "rows.csv", text.String())
}

// trainDefault trains by the default recipe.
func trainDefault(t *testing.T, file string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	succeedNoting(t, "train", "--data", file, "--args", "../../configs/args.json", "--out", dir)
	return dir
}

// A said text is one that a model did not learn from, and what the model says to it.
type said struct {
	tag, text string
	answer    model.Answer
}

func answersOf(m *model.Model, rows []dataset.Row) []said {
	var texts []said
	for _, row := range rows {
		texts = append(texts, said{row.Tag, row.Text, m.Classify(row.Text, nil, nil)})
	}
	return texts
}

// trainOnHalf trains on one half of the projects of each tag, and returns what the model
// says to the other half.
func trainOnHalf(t *testing.T, seed uint64) (*model.Model, []said) {
	t.Helper()
	head, rows := readProjects(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	tag := slices.Index(head, "tag")
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[tag], b[tag]) })
	var halves [2][][]string
	for i, row := range rows {
		halves[i%2] = append(halves[i%2], row)
	}
	dir := trainDefault(t, writeCSV(t, head, halves[0]))
	m, err := cli.OpenModel(&dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := textFlags{}.read(writeCSV(t, head, halves[1]))
	if err != nil {
		t.Fatal(err)
	}
	return m, answersOf(m, data.Rows)
}

func anyOf(rng *rand.Rand, texts []said) said { return texts[rng.IntN(len(texts))] }

// On ordinary days, of texts that the model has not seen but of the kind that it learned
// from, no alert is raised, by few texts as by many.
func TestOrdinaryDays(t *testing.T) {
	lookPath(t, "promtool")
	const daysOfModel = 20
	for seed := range uint64(max(1, *ordinaryDays/daysOfModel)) {
		m, pool := trainOnHalf(t, seed)
		for _, texts := range textsADay() {
			rng := rand.New(rand.NewPCG(seed, uint64(texts)))
			days := min(daysOfModel, *ordinaryDays)
			g := watch(t, m, days, texts, rng, func(time.Duration) said { return anyOf(rng, pool) })
			alerts := g.ask(t, `5 * sum by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1000d]))`)
			if len(alerts) > 0 {
				t.Errorf("model %d, %v texts a day: alerts in so many minutes: %v", seed, texts, alerts)
			}
			t.Logf("model %d, %v texts a day, %d days: %d alerts", seed, texts, days, len(alerts))
		}
	}
}

// When the texts change, at ten o'clock of the second day, those alerts are raised that
// should be, by midnight. The gauges that moved are in the log.
func TestChangedDays(t *testing.T) {
	lookPath(t, "promtool")
	m, pool := trainOnHalf(t, 0)
	var rows []dataset.Row
	for _, text := range recipes() {
		rows = append(rows, dataset.Row{Text: text})
	}
	cooking := answersOf(m, rows)
	rng := rand.New(rand.NewPCG(1, 2))
	twice := func(tag string) func() said {
		var of, rest []said
		for _, s := range pool {
			if s.tag == tag {
				of = append(of, s)
			} else {
				rest = append(rest, s)
			}
		}
		share := 2 * float64(len(of)) / float64(len(pool))
		return func() said {
			if rng.Float64() < share {
				return anyOf(rng, of)
			}
			return anyOf(rng, rest)
		}
	}
	const drift, sudden, mix = "TagifaiDrift", "TagifaiSuddenDrift", "TagifaiClassMix"
	const changes = 34 * time.Hour
	type alerts map[string]time.Duration // to be raised at the latest so long after the change
	for _, c := range []struct {
		name      string
		change    func() said
		few, many alerts // by 200 texts a day, and by 2000 or more
		others    bool   // other alerts may be raised, too
	}{
		{"cooking in place of natural-language-processing", func() said {
			if s := anyOf(rng, pool); s.tag != "natural-language-processing" {
				return s
			}
			return anyOf(rng, cooking)
		}, alerts{drift: 12 * time.Hour}, alerts{drift: 11 * time.Hour, sudden: 90 * time.Minute, mix: 8 * time.Hour}, true},
		{"nothing but cooking", func() said { return anyOf(rng, cooking) },
			alerts{drift: 6 * time.Hour, sudden: 2 * time.Hour}, alerts{drift: 6 * time.Hour, sudden: time.Hour}, true},
		{"twice as much other", twice("other"), nil, alerts{mix: 13 * time.Hour}, false},
		{"twice as much mlops", twice("mlops"), nil, nil, false},
	} {
		for _, texts := range textsADay() {
			if texts < 200 {
				continue
			}
			g := watch(t, m, 2, texts, rng, func(since time.Duration) said {
				if since < changes {
					return anyOf(rng, pool)
				}
				return c.change()
			})
			t.Logf("%s, %.0f texts a day", c.name, texts)
			want := c.many
			if texts < 2000 {
				want = c.few
			}
			raised := g.ask(t, `min by (alertname) (min_over_time(timestamp(ALERTS{alertstate="firing"})[1000d:5m]))`)
			for alert, at := range raised {
				after := time.Duration(at)*time.Second - changes
				t.Logf("    %s after %s", alert, after)
				if most, ok := want[alert]; after <= 0 || ok && after > most || !ok && !c.others {
					t.Errorf("%s, %.0f texts a day: %s is raised after %s", c.name, texts, alert, after)
				}
			}
			for alert := range want {
				if _, ok := raised[alert]; !ok {
					t.Errorf("%s, %.0f texts a day: %s is not raised", c.name, texts, alert)
				}
			}
			for _, window := range []string{"1h", "1d"} {
				for _, feature := range []string{monitor.Class, monitor.Confidence, monitor.UnknownNGrams, monitor.Length} {
					after, most := g.beyond(window, feature, changes)
					t.Logf("    %s %s: beyond chance after %s, at most %.3f", window, feature, after, most)
				}
			}
		}
	}
}

// The accuracy that a model of older projects is expected to have on newer ones is near
// the one that it has.
func TestExpectedAccuracyByTime(t *testing.T) {
	head, rows := readProjects(t)
	cuts := []int{85}
	if *ordinaryDays >= 20 {
		cuts = []int{55, 70, 85}
	}
	for _, percent := range cuts {
		from, to := len(rows)*percent/100, len(rows)*(percent+15)/100
		dir := trainDefault(t, writeCSV(t, head, rows[:from]))
		got := parse[struct {
			Texts    float64 `json:"texts"`
			Expected float64 `json:"expected_accuracy"`
			Accuracy float64 `json:"accuracy"`
			Baseline float64 `json:"baseline_accuracy"`
		}](t, succeed(t, "", "drift", "--model", dir, writeCSV(t, head, rows[from:to]), "--json"))
		t.Logf("the next 15 %% after the oldest %d %%: expected %.3f, found %.3f, in the baseline %.3f", percent, got.Expected, got.Accuracy, got.Baseline)
		deviation := math.Sqrt(got.Accuracy * (1 - got.Accuracy) / got.Texts) // of a sample so large
		if off := math.Abs(got.Expected - got.Accuracy); !(off < 3*deviation) {
			t.Errorf("it is off by %.3f, with a standard deviation of %.3f", off, deviation)
		}
	}
}

// recipes are texts that have nothing to do with machine learning.
func recipes() []string {
	var all []string
	for _, method := range []string{"Simmer", "Roast", "Stir-fry", "Braise", "Grill", "Steam", "Marinate and fry", "Slowly bake"} {
		for _, what := range []string{"the lentils with cumin and a bay leaf", "chicken thighs in yoghurt and paprika", "aubergines with mint and garlic", "salmon with dill and lemon", "potatoes in goose fat", "mushrooms in butter and thyme", "a shoulder of lamb with rosemary", "tofu in soy sauce and ginger"} {
			for _, then := range []string{"until tender, then serve with rice", "for forty minutes; season with salt and black pepper to taste", "and fold in the whipped cream just before serving", "while the dough rises in a warm place, and enjoy with fresh bread"} {
				all = append(all, method+" "+what+" "+then)
			}
		}
	}
	return all
}
