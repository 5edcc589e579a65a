package model_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tagifai/model"
	"tagifai/model/linear"
)

// errForeign is what the format of the tests says of a directory that it refuses.
var errForeign = errors.New("weights.foreign: refused")

// foreign is a format for the tests.
var foreign = model.Format{
	Name:   "foreign",
	Sought: "weights.foreign",
	Find:   func(fsys fs.FS) (string, error) { return model.FindFile(fsys, "weights.foreign") },
	Read:   readForeign,
}

// readForeign returns the same weights for every file but one that says "bad". Without
// labels, or if the file says "named", the classes have names of their own.
func readForeign(fsys fs.FS, labels []string) (*linear.Weights, error) {
	data, err := fs.ReadFile(fsys, "weights.foreign")
	if err != nil {
		return nil, err
	}
	if string(data) == "bad" {
		return nil, errForeign
	}
	w := smallWeights()
	if string(data) != "named" && labels != nil {
		w.Classes = labels
	}
	return w, nil
}

func TestFormat(t *testing.T) {
	const args, labels = `{"threshold": 0.9}`, `{"class_to_index": {"x": 0, "y": 1, "other": 2}}`
	for _, c := range []struct {
		name     string
		files    map[string]string
		classes  []string
		warnings int
		err      string // in the error
	}{
		{"everything", map[string]string{"weights.foreign": "", "args.json": args, "label_encoder.json": labels}, []string{"x", "y", "other"}, 0, ""},
		{"weights alone", map[string]string{"weights.foreign": ""}, []string{"left", "other", "right"}, 1, ""},
		{"other labels", map[string]string{"weights.foreign": "named", "label_encoder.json": labels}, nil, 0, "label_encoder.json: class_to_index: does not agree with the classes of weights.foreign"},
		{"refused", map[string]string{"weights.foreign": "bad"}, nil, 0, errForeign.Error()},
		{"args that are none", map[string]string{"weights.foreign": "", "args.json": "1"}, nil, 0, "args.json"},
		{"labels that are none", map[string]string{"weights.foreign": "", "label_encoder.json": `{"class_to_index": {"x": 0, "y": 2}}`}, nil, 0, "label_encoder.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := make(fstest.MapFS)
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			m, err := model.OpenFS(files, foreign)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want an error that mentions %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Classes(); !slices.Equal(got, c.classes) {
				t.Errorf("classes: got %q, want %q", got, c.classes)
			}
			if got := m.Warnings(); len(got) != c.warnings || c.warnings > 0 && !strings.HasPrefix(got[0], "args.json is missing") {
				t.Errorf("warnings: got %q, want %d", got, c.warnings)
			}
		})
	}
}

// TestFormatAfterOurs: with our own weights in it, a directory is of no other format.
func TestFormatAfterOurs(t *testing.T) {
	files := smallDirectory(t)
	files["weights.foreign"] = &fstest.MapFile{Data: []byte("bad")}
	if _, err := model.OpenFS(files, foreign); err != nil {
		t.Error(err)
	}
	delete(files, "args.json")
	if _, err := model.OpenFS(files, foreign); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without args.json: got %v", err)
	}
}

// TestFormatsInOrder: of several formats that know a directory, the first is asked.
func TestFormatsInOrder(t *testing.T) {
	second := foreign
	second.Name = "second"
	files := fstest.MapFS{"weights.foreign": {}}
	for _, formats := range [][]model.Format{{foreign, second}, {second, foreign}} {
		m, err := model.OpenFS(files, formats...)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := m.Format(), formats[0].Name; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestNoFormat: the error for a directory that is of no format says what was looked
// for and what is there.
func TestNoFormat(t *testing.T) {
	many := make(fstest.MapFS)
	for i := range 12 {
		many[fmt.Sprintf("file%02d", i)] = &fstest.MapFile{}
	}
	unknown := model.Format{Find: func(fs.FS) (string, error) { return "", errForeign }}
	for _, c := range []struct {
		name    string
		files   fs.FS
		formats []model.Format
		want    string // the end of the error
	}{
		{"nothing", fstest.MapFS{}, nil, "looked for model.safetensors (tagifai); the directory has nothing"},
		{"other files", fstest.MapFS{"a": {}, "b/c": {}, "\x1b\n": {}}, []model.Format{foreign}, `looked for model.safetensors (tagifai), weights.foreign (foreign); the directory has "\x1b\n", "a", "b/"`},
		{"many files", many, nil, `"file08", "file09", 2 more`},
		{"a format that is not passed", fstest.MapFS{"weights.foreign": {}}, nil, `the directory has "weights.foreign"`},
		{"a format that cannot tell", fstest.MapFS{}, []model.Format{unknown}, errForeign.Error()},
		{"no directory", os.DirFS(filepath.Join(t.TempDir(), "nowhere")), nil, "no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := model.OpenFS(c.files, c.formats...)
			if err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
