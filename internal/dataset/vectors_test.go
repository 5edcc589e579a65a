package dataset

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadVectors(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("1 ", maxVectorLine/2+1)
	for _, c := range []struct {
		name, text string
		words      int
		wantErr    string
	}{
		{name: "GloVe", text: "deep 1 2\nlearning 3 4\n", words: 2},
		{name: "word2vec", text: "2 2\ndeep 1 2\nlearning 3 4\n", words: 2},
		{name: "no newline at the end, tabs", text: "deep\t1\t2\nlearning 3 4", words: 2},
		{name: "a word twice", text: "deep 1 2\ndeep 3 4\nlearning 3 4\n", words: 2},
		{name: "a word with a space", text: "deep 1 2\nnew york 3 4\n", words: 2},
		{name: "empty", text: "", wantErr: ":1: no vectors"},
		{name: "header alone", text: "0 2\n", wantErr: "no vectors"},
		{name: "cut off", text: "3 2\ndeep 1 2\nlearning 3 4\n", wantErr: ":3: the file ends 1 words before"},
		{name: "a number is missing", text: "2 2\ndeep 1 2\nlearning 3\n", wantErr: ":3: 2 fields; a word and 2 numbers"},
		{name: "not a number", text: "deep 1 2\nlearning 3 x\n", wantErr: `:2: "x" is not a number`},
		{name: "NaN", text: "deep 1 2\nlearning 3 NaN\n", wantErr: `:2: "NaN" is not a number`},
		{name: "blank line", text: "deep 1 2\n\nlearning 3 4\n", wantErr: ":2: 0 fields"},
		{name: "word alone", text: "deep\n", wantErr: ":1: 1 fields"},
		{name: "binary word2vec", text: "2 2\ndeep \x00\x00\x80\x3f\x00\x00\x00\x40\n", wantErr: ":2: "},
		{name: "long line", text: "deep 1 2\n" + long, wantErr: ":2: longer than"},
		{name: "too many dimensions", text: "1 5000\n", wantErr: ":1: 5000 dimensions"},
	} {
		for _, zipped := range []bool{false, true} {
			name := c.name
			data := []byte(c.text)
			if zipped {
				name += ", gzip"
				var b bytes.Buffer
				w := gzip.NewWriter(&b)
				_, _ = w.Write(data)
				_ = w.Close()
				data = b.Bytes()
			}
			t.Run(name, func(t *testing.T) {
				file := filepath.Join(dir, "vectors")
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
				v, err := ReadVectors(file)
				if c.wantErr != "" {
					if err == nil || !strings.Contains(err.Error(), file+":") || !strings.Contains(err.Error(), c.wantErr) {
						t.Fatalf("got error %v, want %q", err, c.wantErr)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(v.Words) != c.words || v.Dimensions != 2 {
					t.Errorf("got %d words of %d dimensions, want %d of 2", len(v.Words), v.Dimensions, c.words)
				}
			})
		}
	}
}
