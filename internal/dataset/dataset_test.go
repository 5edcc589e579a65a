package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestLayout(t *testing.T) {
	parts := func(title, description string) map[string]string {
		return map[string]string{"title": title, "description": description}
	}
	for _, c := range []struct {
		name, text string
		layout     Layout
		want       []Row
	}{
		{"title and description", "title,description,tag\na,b,x\nc,,y\n", Layout{},
			[]Row{{Text: "a b", Tag: "x", Line: 2, Weight: 1, Parts: parts("a", "b")}, {Text: "c", Tag: "y", Line: 3, Weight: 1}}},
		{"text", "tag,text\nx,a\n", Layout{}, []Row{{Text: "a", Tag: "x", Line: 2, Weight: 1}}},
		{"other columns", "subject;body;label\na;b;x\n", Layout{TextColumns: []string{"body", "subject"}, TagColumn: "label", Delimiter: ';'},
			[]Row{{Text: "b a", Tag: "x", Line: 2, Weight: 1, Parts: map[string]string{"body": "b", "subject": "a"}}}},
		{"another tag alone", "title,description,label,tag\na,b,x,no\n", Layout{TagColumn: "label"},
			[]Row{{Text: "a b", Tag: "x", Line: 2, Weight: 1, Parts: parts("a", "b")}}},
		{"tabs", "text\ttag\na, b\tx\n", Layout{Delimiter: '\t'}, []Row{{Text: "a, b", Tag: "x", Line: 2, Weight: 1}}},
		{"weights", "text,tag,n\na,x,0.5\nb,y, 3 \nc,y,0\n", Layout{WeightColumn: "n"},
			[]Row{{Text: "a", Tag: "x", Line: 2, Weight: 0.5}, {Text: "b", Tag: "y", Line: 3, Weight: 3}, {Text: "c", Tag: "y", Line: 4}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := c.layout.Read(writeFile(t, c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d.Rows, c.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

func TestLayoutRefuses(t *testing.T) {
	for _, c := range []struct {
		name, text string
		layout     Layout
		want       []string
	}{
		{"no text column", "text,tag\na,x\n", Layout{TextColumns: []string{"body"}}, []string{":1:", `no column "body"`, `"text" "tag"`}},
		{"no tag column", "text,tag\na,x\n", Layout{TagColumn: "label"}, []string{":1:", `no column "label"`}},
		{"no weight column", "text,tag\na,x\n", Layout{WeightColumn: "weight"}, []string{":1:", `no column "weight"`}},
		{"a column twice", "text,text,tag\na,b,x\n", Layout{}, []string{":1:", `"text" occurs twice`}},
		{"named twice", "text,tag\na,x\n", Layout{TextColumns: []string{"text", "text"}}, []string{":1:", `"text" is named twice`}},
		{"another delimiter", "text;tag\na;x\n", Layout{}, []string{":1:", "--text-column"}},
		{"a weight that is no number", "text,tag,n\na,x,1\nb,y,much\n", Layout{WeightColumn: "n"}, []string{":3:", `weight "much"`}},
		{"a negative weight", "text,tag,n\na,x,-1\n", Layout{WeightColumn: "n"}, []string{":2:", `weight "-1"`}},
		{"a weight that is none", "text,tag,n\na,x,NaN\n", Layout{WeightColumn: "n"}, []string{":2:", `weight "NaN"`}},
		{"no weight", "text,tag,n\na,x,\n", Layout{WeightColumn: "n"}, []string{":2:", `weight ""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.layout.Read(writeFile(t, c.text))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not mention %s", err, want)
				}
			}
		})
	}
}
