package model_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tagifai/model"
)

// answers is everything that a service tells of a model.
func answers(m *model.Model) string {
	var all strings.Builder
	for _, text := range []string{"", "l", "r", "lr", "llr", "lrr", "other"} {
		fmt.Fprintln(&all, m.Predict(text))
	}
	fmt.Fprintln(&all, m.Classes(), m.Args().JSON(), m.Performance().JSON(), m.RunID(), m.Baseline().JSON())
	return all.String()
}

// TestMutants changes every file of a directory in many places. Each mutant is refused,
// or answers as the original does.
func TestMutants(t *testing.T) {
	files := smallDirectory(t)
	m, err := model.OpenFS(files)
	if err != nil {
		t.Fatal(err)
	}
	want := answers(m)
	rng := rand.New(rand.NewPCG(1, 2))
	mutations := []struct {
		name   string
		mutate func(data []byte, at int) []byte
	}{
		{"bit flipped", func(data []byte, at int) []byte { data[at] ^= 1 << rng.IntN(8); return data }},
		{"byte replaced", func(data []byte, at int) []byte { data[at] = byte(rng.IntN(256)); return data }},
		{"digit replaced", func(data []byte, at int) []byte { data[at] = '0' + byte(rng.IntN(10)); return data }},
		{"byte removed", func(data []byte, at int) []byte { return slices.Delete(data, at, at+1) }},
		{"digit added", func(data []byte, at int) []byte { return slices.Insert(data, at, '7') }},
		{"space added", func(data []byte, at int) []byte { return slices.Insert(data, at, ' ') }},
		{"cut", func(data []byte, at int) []byte { return data[:at] }},
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			mutants, refused := 0, 0
			try := func(what string, mutant fstest.MapFS) {
				mutants++
				m, err := model.OpenFS(mutant)
				if err != nil {
					refused++
				} else if got := answers(m); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
				}
			}
			original := files[name].Data
			for at := range original {
				for _, mutation := range mutations {
					data := mutation.mutate(bytes.Clone(original), at)
					if bytes.Equal(data, original) {
						continue
					}
					mutant := maps.Clone(files)
					mutant[name] = &fstest.MapFile{Data: data}
					try(fmt.Sprintf("%s at %d", mutation.name, at), mutant)
				}
			}
			mutant := maps.Clone(files)
			delete(mutant, name)
			try("missing", mutant)
			if refused < mutants {
				t.Errorf("%d of %d mutants were refused", refused, mutants)
			}
			t.Logf("%d mutants", mutants)
		})
	}
}

// TestChanged: a file that was changed by hand is named, and so is the command that
// takes it as it is. An artifact whose changes are accepted makes a model.
func TestChanged(t *testing.T) {
	for _, c := range []struct {
		name, text string
	}{
		{"args.json", `{"threshold": 0.9}`},
		{"label_encoder.json", `{"class_to_index": {"right": 2, "other": 1, "left": 0}}`},
		{"performance.json", `{"overall": {"f1": 1}}`},
		{"run_id.txt", "mine"},
		{"baseline.json", `{"texts": 8}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := smallDirectory(t)
			files[c.name] = &fstest.MapFile{Data: []byte(c.text)}
			_, err := model.OpenFS(files)
			if err == nil {
				t.Fatal("got a model")
			}
			for _, part := range []string{c.name, "model.safetensors", "tagifai convert", "--set threshold=0.5"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error %q does not mention %s", err, part)
				}
			}
			a, err := model.ReadArtifact(files)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.Changed, []string{c.name}) {
				t.Errorf("changed: got %q, want %q", a.Changed, c.name)
			}
			a.Changed = nil
			if _, err := model.New(a); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWithoutChecksums: a directory from before the weights file had checksums of the
// other files loads, whatever is in these.
func TestWithoutChecksums(t *testing.T) {
	files := smallDirectory(t)
	weights := files["model.safetensors"].Data
	for _, name := range []string{"args.json", "label_encoder.json", "performance.json", "run_id.txt", "baseline.json"} {
		key := "sha256." + name
		entry := fmt.Sprintf(`%q:%q,`, key, digitsOf(t, weights, key))
		weights = edit(t, weights, entry, "", true)
	}
	files = fstest.MapFS{
		"args.json":          {Data: []byte(`{"threshold": 0.9}`)},
		"label_encoder.json": files["label_encoder.json"],
		"model.safetensors":  {Data: weights},
	}
	m, err := model.OpenFS(files)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Tag("lr"); got != "other" {
		t.Errorf("got %s, want other", got)
	}
}
