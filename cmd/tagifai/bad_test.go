package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A training that fails says where, and leaves nothing behind.
func TestTrainBadData(t *testing.T) {
	rows := "title,description,tag\n" + strings.Repeat("a,b,x\nc,d,y\ne,f,z\n", 3) // lines 1 to 10
	only := func(tags ...string) object { return object{"accepted_tags": tags} }
	tests := []struct {
		name, text string
		args       object
		parts      []string // of the message, behind the file's name
	}{
		{"empty", "", nil, []string{":1:", "empty"}},
		{"empty lines", "\n\n", nil, []string{":1:", "empty"}},
		{"byte order mark", "\ufeff", nil, []string{":1:", "empty"}},
		{"column names alone", "title,description,tag\n", nil, []string{":1:", "no row has a text and a tag"}},
		{"no column tag", "title,description,label\na,b,c\n", nil, []string{":1:", "tag", "label"}},
		{"no column description", "title,tag\na,b\n", nil, []string{":1:", "description"}},
		{"no column names", "a,b,x\nc,d,y\n", nil, []string{":1:", "title, description and tag"}},
		{"column name in capitals", "Title,description,tag\na,b,c\n", nil, []string{":1:", "Title"}},
		{"column twice", "title,description,tag,tag\na,b,c,d\n", nil, []string{":1:", `"tag"`, "twice"}},
		{"semicolons", strings.ReplaceAll(rows, ",", ";"), nil, []string{":1:", "title;description;tag"}},
		{"UTF-16", "\xff\xfet\x00i\x00t\x00l\x00e\x00\n\x00", nil, []string{":1:", "UTF-16", "UTF-8"}},
		{"a spreadsheet", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", nil, []string{":1:", "application/zip"}},
		{"a pickle", "\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07", nil, []string{":1:", "not text"}},

		{"one class", "text,tag\n" + strings.Repeat("a,x\n", 10), nil, []string{":1:", "1 classes", `"x"`}},
		{"one class is accepted", rows, only("none"), []string{":1:", "1 classes", `"other"`}},
		{"all classes too rare", rows, object{"min_freq": 4}, []string{":1:", "min_freq = 4"}},
		{"class of one row", rows + "g,h,w\n", object{"min_freq": 1}, []string{":11:", `"w"`, "1 rows", "min_freq"}},
		{"class of two rows", rows + "g,h,w\n\ng,h,w\n", object{"min_freq": 1, "shuffle": false}, []string{":11:", `"w"`, "2 rows"}},
		{"other of one row", rows + "g,h,w\n", nil, []string{":11:", `"other"`, "1 rows"}},
		{"subset too small", rows, object{"subset": 4, "min_freq": 0}, []string{"too few to split"}},

		{"column too few", rows + "g,h\n", nil, []string{":11:", "malformed row"}},
		{"column too many", rows + "g,h,x,i\n", nil, []string{":11:", "malformed row"}},
		{"column too few, CRLF", strings.ReplaceAll(rows+"g,h\n", "\n", "\r\n"), nil, []string{":11:", "malformed row"}},
		{"column too few, byte order mark", "\ufeff" + rows + "g,h\n", nil, []string{":11:", "malformed row"}},
		{"column too few behind lines in quotes", rows + "\"1\n2\n\n3\",b,x\n\ng,h\n" + rows, nil, []string{":16:", "malformed row"}},
		{"quote inside", rows + "g\"h,i,x\n", nil, []string{":11:", "malformed row", `"`}},
		{"quote is not the end", rows + "\"g\"h,i,x\n", nil, []string{":11:", "malformed row", `"`}},
		{"quote without an end", rows + "\"g,h,x\n" + rows, nil, []string{":11:", "malformed row", `"`}},
		{"column names malformed", "title,desc\"ription,tag\n", nil, []string{":1:", "malformed row"}},
		{"Latin 1", rows + "caf\xe9,b,x\n", nil, []string{":11:", "UTF-8"}},
		{"Latin 1 behind lines in quotes", rows + "\"1\n2\",b,x\ng,caf\xe9,x\n", nil, []string{":13:", "UTF-8"}},
		{"Latin 1 in a tag", rows + "a,b,\xe9\n", nil, []string{":11:", "UTF-8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			file := write(t, "data.csv", test.text)
			fail(t, append(test.parts, file+":"), "train", "--data", file, "--args", quick(t, test.args), "--out", filepath.Join(parent, "run"))
			if names := list(t, parent); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func TestTrainBadArgs(t *testing.T) {
	tests := []struct {
		name, text string
		part       string // of the message, behind the file's name
	}{
		{"empty", ``, "EOF"},
		{"no JSON", `min_freq: 3`, "invalid"},
		{"cut short", `{"min_freq": 3`, "EOF"},
		{"no object", `["min_freq"]`, "object"},
		{"more than an object", `{} {}`, ""},
		{"not UTF-8", "{\"analyzer\": \"\xff\"}", "UTF-8"},
		{"unknown key", `{"epochs": 3}`, "epochs: unknown; the keys are shuffle, subset, "},
		{"misspelt key", `{"num_epoch": 3}`, "num_epoch: unknown; did you mean num_epochs?"},
		{"key in capitals", `{"Alpha": 1}`, "Alpha: unknown; did you mean alpha?"},
		{"NaN", `{"alpha": NaN}`, "alpha is NaN"},
		{"binary", "\x80\x04\x95\x00\x00", "is not text, but binary data"},
		{"no JSON in line 3", "{\n\"alpha\": 1,\nx\n}", "line 3: not valid JSON"},
		{"null", `{"alpha": null}`, "alpha: null"},
		{"text for a number", `{"num_epochs": "3"}`, `num_epochs: "3", must be a whole number`},
		{"fraction of an epoch", `{"num_epochs": 1.5}`, "num_epochs: 1.5, must be a whole number"},
		{"number for yes or no", `{"shuffle": 1}`, "shuffle: 1, must be true or false"},
		{"text for a list", `{"accepted_tags": "x"}`, `accepted_tags: "x", must be a list of texts`},
		{"threshold for each class", `{"threshold": {"0": 0.5}}`, `threshold: {"0":0.5}, must be a number`},
		{"seed below 0", `{"seed": -1}`, "seed: -1, must be a whole number, not negative"},
		{"number too large", `{"alpha": 1e999}`, "alpha: 1e999 is too large"},

		{"subset", `{"subset": 0}`, "subset: 0"},
		{"min_freq", `{"min_freq": -1}`, "min_freq: -1"},
		{"alpha", `{"alpha": 0}`, "alpha: 0"},
		{"alpha below 0", `{"alpha": -0.1}`, "alpha: -0.1"},
		{"learning_rate", `{"learning_rate": 0}`, "learning_rate: 0"},
		{"num_epochs", `{"num_epochs": 0}`, "num_epochs: 0"},
		{"accepted_tags", `{"accepted_tags": []}`, "accepted_tags: empty"},
		{"threshold above 1", `{"threshold": 1.01}`, "threshold: 1.01"},
		{"threshold below 0", `{"threshold": -0.01}`, "threshold: -0.01"},
		{"fixed threshold that is missing", `{"threshold_rule": "fixed"}`, "threshold: null"},
		{"threshold_rule", `{"threshold_rule": "best"}`, `threshold_rule: "best"`},
		{"balance", `{"balance": ""}`, `balance: ""`},
		{"learning_rate_schedule", `{"learning_rate_schedule": "adaptive"}`, `learning_rate_schedule: "adaptive"`},
		{"analyzer", `{"analyzer": "words"}`, `analyzer: "words"`},
		{"ngram_min_range", `{"ngram_min_range": 0}`, "ngram_min_range"},
		{"ngram_max_range", `{"ngram_max_range": 1}`, "ngram_max_range"},
		{"stem without clean", `{"stem": true}`, "stem"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			file := write(t, "args.json", test.text)
			got := tagifai(t, "", "train", "--data", labelled, "--args", file, "--out", filepath.Join(parent, "run"))
			if strings.Contains(got.stderr, "Go ") || strings.Contains(got.stderr, " json:") || strings.Contains(got.stderr, "jsontext") {
				t.Errorf("the error has words of Go: %s", got.stderr)
			}
			fail(t, []string{file + ": ", test.part}, "train", "--data", labelled, "--args", file, "--out", filepath.Join(parent, "run"))
			if names := list(t, parent); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func TestTrainNoSuchFile(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	tests := []struct{ name, data, args string }{
		{"data", absent, quick(t, nil)},
		{"data is a directory", filepath.Dir(absent), quick(t, nil)},
		{"args", labelled, absent},
		{"args is a directory", labelled, filepath.Dir(absent)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			fail(t, []string{filepath.Dir(absent)}, "train", "--data", test.data, "--args", test.args, "--out", filepath.Join(parent, "run"))
			if names := list(t, parent); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func TestTrainDiverges(t *testing.T) {
	parent := t.TempDir()
	args := quick(t, object{"learning_rate": 1e308, "alpha": 1e-320})
	fail(t, []string{"learning_rate", "1e+308"}, "train", "--data", labelled, "--args", args, "--out", filepath.Join(parent, "run"))
	if names := list(t, parent); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
}

// A block that no text has an n-gram of would be there in vain.
func TestTrainNoNGrams(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  object
		parts []string
	}{
		{"the only block", object{"analyzer": "word", "token_pattern": "qqq"}, []string{"no text has an n-gram", `"qqq"`}},
		{"another", object{"blocks": []object{{}, {"token_pattern": "qqq"}}}, []string{"blocks.1: no text has an n-gram", `"qqq"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fail(t, test.parts, "train", "--data", labelled, "--args", quick(t, test.args), "--out", filepath.Join(t.TempDir(), "run"))
		})
	}
}

func TestTrainBadTime(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	fail(t, []string{"SOURCE_DATE_EPOCH", "yesterday"}, "train", "--data", labelled, "--args", quick(t, nil), "--out", filepath.Join(parent, "run"))
	if names := list(t, parent); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
}

// What is there already stays as it is.
func TestTrainBadOut(t *testing.T) {
	tests := []struct {
		name string
		make func(out string) error
		out  string
	}{
		{"directory", func(out string) error { return os.Mkdir(out, 0o755) }, "run"},
		{"directory with a slash", func(out string) error { return os.Mkdir(out, 0o755) }, "run/"},
		{"file", func(out string) error { return os.WriteFile(out, nil, 0o644) }, "run"},
		{"link to nothing", func(out string) error { return os.Symlink("nothing", out) }, "run"},
		{"file as parent", func(out string) error { return os.WriteFile(filepath.Dir(out), nil, 0o644) }, "file/run"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			parent := t.TempDir()
			out := parent + "/" + test.out
			if err := test.make(strings.TrimSuffix(out, "/")); err != nil {
				t.Fatal(err)
			}
			before := list(t, parent)
			fail(t, []string{strings.TrimSuffix(out, "/run")}, "train", "--data", labelled, "--args", quick(t, nil), "--out", out)
			if got := list(t, parent); strings.Join(got, " ") != strings.Join(before, " ") {
				t.Errorf("%q became %q", before, got)
			}
			if info, err := os.Stat(out); err == nil && info.IsDir() && len(list(t, out)) > 0 {
				t.Errorf("it was written to: %q", list(t, out))
			}
		})
	}
}

// A wrong --out is found before any time goes into training.
func TestTrainBadOutEarly(t *testing.T) {
	tests := []struct{ name, out string }{
		{"empty", ""},
		{"file as parent", filepath.Join(write(t, "file", ""), "run")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr strings.Builder
			args := []string{"train", "--data", labelled, "--args", quick(t, nil), "--out", test.out}
			code := run(&countdown{Context: t.Context()}, args, strings.NewReader(""), io.Discard, &stderr)
			if code == success || strings.Contains(stderr.String(), "interrupted") {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
		})
	}
}
