package corpus

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func committed(t *testing.T) *Corpus {
	t.Helper()
	c, err := Read("../../../train/testdata/labelled.csv")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCut(t *testing.T) {
	c := committed(t)
	words := make(map[string]bool)
	for _, word := range c.words {
		words[word] = true
	}
	for _, size := range []int{60, 140} {
		const count = 500 // more than the data has without beginning anew
		texts := c.Cut(count, size)
		sum, different := 0, make(map[string]bool)
		for _, text := range texts {
			sum += len(text)
			different[text] = true
			for _, word := range strings.Split(text, " ") {
				if !words[word] {
					t.Errorf("size %d: %q is cut within a word", size, text)
				}
			}
		}
		if mean := sum / count; len(texts) != count || mean < size-4 || mean > size+4 {
			t.Errorf("size %d: got %d texts of %d bytes on average, want %d of that size", size, len(texts), mean, count)
		}
		if len(different) < count*9/10 {
			t.Errorf("size %d: got %d different texts of %d", size, len(different), count)
		}
	}
	if diff := cmp.Diff(c.Cut(7, 60), c.Cut(9, 60)[:7]); diff != "" {
		t.Errorf("another run has other texts (-got +want):\n%s", diff)
	}
}

// TestCutLongWord makes sure that a word longer than a text is one of its own.
func TestCutLongWord(t *testing.T) {
	long := strings.Repeat("b", 100)
	c := &Corpus{words: []string{"a", long, "c"}}
	got, want := c.Cut(3, 10), []string{"a", "c a", long} // 7,919 is 2 more than a multiple of 3
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

func TestRequests(t *testing.T) {
	requests := committed(t).Requests(5, 100, 60)
	if len(requests) != 5 {
		t.Errorf("got %d requests, want 5", len(requests))
	}
	for _, texts := range requests {
		if len(texts) != 100 {
			t.Errorf("got a request of %d texts, want 100", len(texts))
		}
	}
}

func TestLines(t *testing.T) {
	c := committed(t)
	lines := c.Lines(1000)
	if got, want := lines[len(c.Texts)], lines[0]; got != want || len(lines) != 1000 {
		t.Errorf("got %d lines, the first repeated as %q, want 1000 and %q", len(lines), got, want)
	}
	labelled := c.Labelled()
	if got, want := labelled[0], "__label__computer-vision Bee counter Counts bees at the door of a hive with a cheap camera."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	file := filepath.Join(t.TempDir(), "lines")
	if err := WriteLines(file, lines); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(content), strings.Join(lines, "\n")+"\n"; got != want || !utf8.ValidString(got) {
		t.Errorf("the file does not hold the lines")
	}
}
