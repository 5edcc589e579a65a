package model_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tagifai/model"
)

// errForeign is what the format of the tests says of a directory that it refuses.
var errForeign = errors.New("weights.foreign: refused")

func init() {
	model.RegisterFormat(model.Format{Name: "foreign", File: "weights.foreign", Read: readForeign})
}

// readForeign reads the format of the tests: weights that need the file's text for
// nothing but to refuse it. Without labels, the classes have names of their own.
func readForeign(fsys fs.FS, labels []string) (*model.Weights, error) {
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
		{"of no format", map[string]string{"args.json": args, "label_encoder.json": labels}, nil, 0, "model.safetensors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := make(fstest.MapFS)
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			m, err := model.OpenFS(files)
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
	if _, err := model.OpenFS(files); err != nil {
		t.Error(err)
	}
	delete(files, "args.json")
	if _, err := model.OpenFS(files); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without args.json: got %v", err)
	}
}

func TestRegisterFormat(t *testing.T) {
	read := readForeign
	for _, f := range []model.Format{
		{Name: "no file", Read: read},
		{Name: "no reader", File: "weights.x"},
		{Name: "ours", File: "model.safetensors", Read: read},
		{Name: "twice", File: "weights.foreign", Read: read},
	} {
		t.Run(f.Name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			model.RegisterFormat(f)
		})
	}
}
