package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/dataset"
	"tagifai/model"
)

// table reads a report: the numbers of each line by its name.
func table(t *testing.T, out string) map[string][]string {
	t.Helper()
	rows := make(map[string][]string)
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		numbers := len(fields) - 4
		rows[strings.Join(fields[:numbers], " ")] = fields[numbers:]
	}
	return rows
}

// openModelOf opens the model in dir; "" is the embedded one.
func openModelOf(dir string) (*model.Model, error) {
	if dir == "" {
		return cli.OpenModel(nil)
	}
	return cli.OpenModel(&dir)
}

// naive is the report on a file, counted the slow way.
func naive(t *testing.T, dir, file string) map[string][]string {
	t.Helper()
	m, err := openModelOf(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := dataset.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	share := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	row := func(numbers ...float64) []string {
		if numbers[3] == 0 {
			return []string{"-", "-", "-", "0"}
		}
		var cells []string
		for _, number := range numbers[:3] {
			cells = append(cells, strconv.FormatFloat(number, 'f', 3, 64))
		}
		return append(cells, fmt.Sprint(numbers[3]))
	}
	rows := map[string][]string{"": {"precision", "recall", "f1", "samples"}}
	mean := make([]float64, 3)
	for _, class := range m.Classes() {
		hits, predicted, samples := 0.0, 0.0, 0.0
		for _, r := range data.Rows {
			is, said := r.Tag == class, m.Predict(r.Text).Tag == class
			if is && said {
				hits++
			}
			if said {
				predicted++
			}
			if is {
				samples++
			}
		}
		precision, recall := share(hits, predicted), share(hits, samples)
		f1 := share(2*precision*recall, precision+recall)
		rows[class] = row(precision, recall, f1, samples)
		for i, number := range []float64{precision, recall, f1} {
			mean[i] += number * samples / float64(len(data.Rows))
		}
	}
	rows["overall"] = row(mean[0], mean[1], mean[2], float64(len(data.Rows)))
	slices := map[string]func(dataset.Row) bool{
		"slice short_text": func(r dataset.Row) bool { return len(strings.Fields(r.Text)) < 8 },
		"slice nlp_cnn": func(r dataset.Row) bool {
			return r.Tag == "natural-language-processing" && (strings.Contains(r.Text, "CNN") || strings.Contains(strings.ToLower(r.Text), "convolution"))
		},
	}
	for name, in := range slices {
		hits, samples := 0.0, 0.0
		for _, r := range data.Rows {
			if in(r) {
				samples++
				if m.Predict(r.Text).Tag == r.Tag {
					hits++
				}
			}
		}
		share := share(hits, samples)
		rows[name] = row(share, share, share, samples)
	}
	return rows
}

func TestEvaluate(t *testing.T) {
	dir := trained(t, object{"num_epochs": 10})
	tests := []struct {
		name, dir, file string
	}{
		{"trained model", dir, labelled},
		{"embedded model", "", labelled},
		{"short texts", dir, write(t, "short.csv", "text,tag\nA convolution of words,natural-language-processing\nCNN,natural-language-processing\nimages,computer-vision\n")},
		{"no short texts", dir, write(t, "long.csv", "text,tag\none two three four five six seven eight,mlops\n")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"evaluate", "--data", test.file}
			if test.dir != "" {
				args = append(args, "--model", test.dir)
			}
			got := tagifai(t, "", args...)
			if got.code != success {
				t.Fatalf("exit code %d, stderr %q", got.code, got.stderr)
			}
			report, _, _ := strings.Cut(got.stdout, "\nout of 5 folds")
			if diff := cmp.Diff(table(t, report), naive(t, test.dir, test.file)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEvaluateUnlabelled(t *testing.T) {
	dir := trained(t, nil)
	file := write(t, "data.csv", "text,tag\nan image,computer-vision\nnothing,\na dance,dancing\n")
	got := tagifai(t, "", "evaluate", "--data", file, "--model", dir)
	if diff := cmp.Diff(fmt.Sprint(got.code, got.stderr), fmt.Sprint(success, file+": 1 rows without a tag or a text are left out\n"+
		file+": the model does not know the tags of 1 rows, which count as other: \"dancing\" (1)\n")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(table(t, got.stdout)["other"][3], "1"); diff != "" { // dancing
		t.Error(diff)
	}
}

func TestEvaluateFolds(t *testing.T) {
	dir := trained(t, nil)
	evaluate := func(folds int) string {
		return succeed(t, "", "evaluate", "--data", labelled, "--model", dir, "--folds", strconv.Itoa(folds))
	}
	for _, folds := range []int{2, 3, 5} {
		t.Run(strconv.Itoa(folds), func(t *testing.T) {
			out := evaluate(folds)
			var f1s []float64
			mean, deviation := 0.0, 0.0
			head, rest, _ := strings.Cut(out, "\n\n")
			for line := range strings.Lines(head) {
				var fold int
				var f1 float64
				if n, _ := fmt.Sscanf(line, "fold %d  weighted f1 %f", &fold, &f1); n == 2 {
					f1s = append(f1s, f1)
					if fold != len(f1s) {
						t.Errorf("fold %d comes as number %d", fold, len(f1s))
					}
				}
				fmt.Sscanf(line, "mean    weighted f1 %f, standard deviation %f", &mean, &deviation)
			}
			if len(f1s) != folds {
				t.Fatalf("%d folds, want %d, in\n%s", len(f1s), folds, out)
			}
			wantMean, squares := 0.0, 0.0
			for _, f1 := range f1s {
				wantMean += f1 / float64(folds)
			}
			for _, f1 := range f1s {
				squares += (f1 - wantMean) * (f1 - wantMean)
			}
			if want := math.Sqrt(squares / float64(folds)); math.Abs(mean-wantMean) > 1e-4 || math.Abs(deviation-want) > 1e-4 {
				t.Errorf("mean %v, standard deviation %v, want %v and %v", mean, deviation, wantMean, want)
			}
			rows := table(t, rest)
			got := make(map[string]string)
			for _, name := range []string{"computer-vision", "mlops", "natural-language-processing", "other", "overall"} {
				if len(rows[name]) == 4 {
					got[name] = rows[name][3]
				}
			}
			want := map[string]string{"computer-vision": "20", "mlops": "11", "natural-language-processing": "21", "other": "10", "overall": "62"}
			if diff := cmp.Diff(got, want); diff != "" { // every row is judged once
				t.Error(diff)
			}
			if diff := cmp.Diff(evaluate(folds), out); diff != "" {
				t.Errorf("a second time: %s", diff)
			}
		})
	}
}

func TestEvaluateFails(t *testing.T) {
	dir := trained(t, nil)
	absent := dir + "/absent.csv"
	two := write(t, "two.csv", "text,tag\n"+strings.Repeat("a,x\nb,y\n", 3))
	noOther := dir + "/no-other"
	succeed(t, "", "train", "--data", two, "--args", quick(t, nil), "--out", noOther)
	noTag := write(t, "none.csv", "text,tag\n")
	tests := []struct {
		name  string
		args  []string
		parts []string
	}{
		{"no file", []string{"--data", absent}, []string{absent}},
		{"no column", []string{"--data", write(t, "data.csv", "a,b\n")}, []string{"data.csv:1:", "title, description and tag"}},
		{"malformed row", []string{"--data", write(t, "data.csv", "text,tag\na,x\nb\n")}, []string{"data.csv:3:", "malformed row"}},
		{"no rows", []string{"--data", noTag}, []string{noTag + ":1:", "no row"}},
		{"unknown tag", []string{"--data", labelled, "--model", noOther}, []string{labelled + ":2:", `"computer-vision"`}},
		{"one fold", []string{"--data", labelled, "--model", dir, "--folds", "1"}, []string{labelled, "1 folds"}},
		{"folds below 0", []string{"--data", labelled, "--model", dir, "--folds=-2"}, []string{labelled, "-2 folds"}},
		{"more folds than rows", []string{"--data", labelled, "--model", dir, "--folds", "63"}, []string{labelled, "63 folds"}},
		{"folds of too few rows", []string{"--data", two, "--model", dir, "--folds", "2"}, []string{two + ":", "fold 1", "too few"}},
		{"folds, min_freq of the embedded model", []string{"--data", labelled, "--folds", "2"}, []string{labelled + ":1:", "min_freq"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { fail(t, test.parts, append([]string{"evaluate"}, test.args...)...) })
	}
}

func TestInspect(t *testing.T) {
	dir := trained(t, nil)
	tests := []struct {
		name, dir string
		args      []string
		top       int
	}{
		{"trained model", dir, []string{dir}, 10},
		{"embedded model", "", nil, 10},
		{"three", dir, []string{dir, "--top", "3"}, 3},
		{"none", dir, []string{"--top", "0", dir}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := openModelOf(test.dir)
			if err != nil {
				t.Fatal(err)
			}
			out := succeed(t, "", append([]string{"inspect"}, test.args...)...)
			head, heaviest, found := strings.Cut(out, "\nheaviest n-grams\n")
			if !found {
				t.Fatal(out)
			}
			threshold, _ := m.Args().Get("threshold")
			analyzer, _ := m.Args().Get("analyzer")
			overall, _ := m.Performance().Get("overall")
			for _, part := range []string{
				m.RunID(), strings.Join(m.Classes(), ", "), string(threshold), strings.Trim(string(analyzer), `"`), "n-grams of 2 to",
				"dataset_sha256", "created", "tool", "seed", "% of their tags right", string(overall), string(m.Args().JSON()),
			} {
				if !strings.Contains(head, part) {
					t.Errorf("%q is missing in\n%s", part, head)
				}
			}
			var got, want []string
			for line := range strings.Lines(heaviest) {
				name, grams, _ := strings.Cut(strings.TrimSpace(line), " ")
				n := 0
				for grams = strings.TrimSpace(grams); grams != ""; n++ {
					gram, err := strconv.QuotedPrefix(grams)
					if err != nil {
						t.Fatalf("%v: %q", err, grams)
					}
					grams = strings.TrimSpace(grams[len(gram):])
				}
				got = append(got, fmt.Sprintf("%s %d", name, n))
			}
			for _, class := range m.Classes() {
				want = append(want, fmt.Sprintf("%s %d", class, test.top))
			}
			if diff := cmp.Diff(got, want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The heaviest n-gram of a class is one that speaks for it.
func TestInspectHeaviest(t *testing.T) {
	file := write(t, "data.csv", "text,tag\n"+strings.Repeat("xxx same,one\nyyy same,two\n", 10))
	threeWays := write(t, "three.csv", "text,tag\n"+strings.Repeat("xxx same,one\nyyy same,two\nzzz same,three\n", 10))
	tests := []struct {
		name, file string
		want       map[string]string
	}{
		{"two classes", file, map[string]string{"one": `"xxx"`, "two": `"yyy"`}},
		{"three classes", threeWays, map[string]string{"one": `"xxx"`, "two": `"yyy"`, "three": `"zzz"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir() + "/run"
			args := quick(t, object{"analyzer": "word", "ngram_min_range": 1, "ngram_max_range": 1})
			succeed(t, "", "train", "--data", test.file, "--args", args, "--out", dir)
			_, heaviest, _ := strings.Cut(succeed(t, "", "inspect", dir, "--top", "1"), "\nheaviest n-grams\n")
			got := make(map[string]string)
			for line := range strings.Lines(heaviest) {
				fields := strings.Fields(line)
				got[fields[0]] = fields[1]
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
			m, err := model.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			for class, gram := range test.want {
				if got := m.Tag(strings.Trim(gram, `"`)); got != class {
					t.Errorf("%s is %q, want %q", gram, got, class)
				}
			}
		})
	}
}
