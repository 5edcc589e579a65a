package dataset

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// reread writes the set and reads it again.
func reread(t *testing.T, s *Seen) *Seen {
	t.Helper()
	data, err := s.JSON()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadSeen(fstest.MapFS{SeenFile: {Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprint("text number ", i)
	}
	return texts
}

func TestSeen(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		texts := numbered(n + 10)
		d := &Dataset{}
		for _, text := range texts {
			d.Rows = append(d.Rows, Row{Text: text})
		}
		o := reread(t, newSeen(texts[:n], maxSeen)).Overlap(d)
		if diff := cmp.Diff([]int{o.Seen, o.Rows, len(o.Unseen.Rows)}, []int{n, n + 10, 10}); diff != "" {
			t.Errorf("%d texts: %s", n, diff)
		}
	}
}

// Of very many texts the file has a sample, which is enough for the share that was seen.
func TestSeenSample(t *testing.T) {
	const most = 6000
	texts := numbered(most + most/2)
	s := reread(t, newSeen(texts, most))
	if len(s.hashes) != most {
		t.Fatalf("%d hashes, want %d", len(s.hashes), most)
	}
	d := &Dataset{}
	for _, text := range texts[:3000] {
		d.Rows = append(d.Rows, Row{Text: text}, Row{Text: text + ", another"})
	}
	o := s.Overlap(d)
	if share := float64(o.Seen) / float64(o.Rows); o.Rows < 3500 || o.Rows > 4500 || share < 0.47 || share > 0.53 {
		t.Errorf("%d of %d rows, want half of about 4000", o.Seen, o.Rows)
	}
	if o.Seen+len(o.Unseen.Rows) != o.Rows {
		t.Errorf("%d seen and %d unseen of %d rows", o.Seen, len(o.Unseen.Rows), o.Rows)
	}
}
