package tfidf_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"tagifai/model/tfidf"
)

// texts are the awkward texts that the parity fixtures of the classifier predict.
func texts(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("../testdata/texts.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	if err := json.Unmarshal(data, &texts); err != nil {
		t.Fatal(err)
	}
	return texts
}

// vectorizers are of all analyzers and of what else decides what becomes of a text, but
// for cleaning.
func vectorizers(shortest, longest int) []tfidf.Vectorizer {
	var all []tfidf.Vectorizer
	for _, lowercase := range []bool{true, false} {
		for _, accents := range []tfidf.Accents{tfidf.KeepAccents, tfidf.Unicode, tfidf.ASCII} {
			v := tfidf.Vectorizer{NgramMin: shortest, NgramMax: longest, Norm: tfidf.L2, Lowercase: lowercase, StripAccents: accents}
			for _, v.Analyzer = range []tfidf.Analyzer{tfidf.Char, tfidf.CharWB, tfidf.Word} {
				all = append(all, v)
			}
			v.StopWords = []string{"the", "learning"}
			all = append(all, v)
			for _, v.TokenPattern = range []string{`\S+`, `\b[a-z]+\b`} {
				all = append(all, v)
			}
		}
	}
	return all
}

// FuzzNGrams holds the n-grams of a text against the naive twin's.
func FuzzNGrams(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text, uint8(2), uint8(4))
	}
	f.Add("a bb  ccc", uint8(1), uint8(1))
	f.Add("broken \xff\xfe UTF-8 \xe2\x82 \xed\xa0\x80 \xc0\x80", uint8(0), uint8(5))
	f.Add(strings.Repeat("Σ", 50)+strings.Repeat("a b ", 100), uint8(0), uint8(2))
	f.Fuzz(func(t *testing.T, text string, shortest, more uint8) {
		least := 1 + int(shortest)%8
		for _, v := range vectorizers(least, least+int(more)%6) {
			balance := make(map[string]int)
			for ngram := range v.NGrams(text) {
				balance[string(ngram)]++
			}
			for _, ngram := range naiveNGrams(&v, text) {
				balance[ngram]--
			}
			for ngram, n := range balance {
				if n != 0 {
					t.Errorf("%s of %q: n-gram %q occurs %+d times against the naive twin", describe(&v), text, ngram, n)
				}
			}
		}
	})
}

// FuzzAlign holds the tape that says where its bytes come from against the one that does not,
// and the shortcut for plain texts against the way that all others go.
func FuzzAlign(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	f.Add("broken \xff\xfe UTF-8 \xe2\x82 \xed\xa0\x80 \xc0\x80")
	for _, plain := range []string{"a", "ab", "Deep learning", "a b, cd_e f1", " ab cd", "ab cd ", "ab  cd", "a\tb\nc", "x--yz"} {
		f.Add(plain)
	}
	f.Add("see http://example.org/learning of the learned, learning")
	var readers []*tfidf.Reader
	for _, v := range append(vectorizers(1, 2), vectorizers(2, 3)...) {
		for _, cleaning := range [][2]bool{{false, false}, {true, false}, {true, true}} {
			v.Clean, v.Stem = cleaning[0], cleaning[1]
			r, err := tfidf.NewReader(v)
			if err != nil {
				f.Fatal(err)
			}
			readers = append(readers, r)
		}
	}
	type (
		align func(tape, a, b *tfidf.Aligned, text string) (plain bool)
		slow  func(tape, a, b *tfidf.Aligned, text string)
	)
	f.Fuzz(func(t *testing.T, text string) {
		var s tfidf.Scratch
		characters := len([]rune(text))
		check := func(r *tfidf.Reader, tape string, align align, slow slow) {
			var aligned, twin, a, b tfidf.Aligned
			v, want := &r.Vectorizer, strings.TrimSuffix(tape, tfidf.TapeEnd)
			plain := align(&aligned, &a, &b, text)
			if got := string(aligned.Text); got != want {
				t.Errorf("%s of %q: got the tape %q, want %q", describe(v), text, got, want)
			}
			if slow(&twin, &a, &b, text); !slices.Equal(aligned.From, twin.From) {
				t.Errorf("%s of %q: got bytes of the characters %v, want %v", describe(v), text, aligned.From, twin.From)
			}
			if aligned.Characters != characters || twin.Characters != characters {
				t.Errorf("%s of %q: %d characters, and %d without the shortcut; want %d", describe(v), text, aligned.Characters, twin.Characters, characters)
			}
			if len(aligned.From) != len(aligned.Text) {
				t.Fatalf("%s of %q: %d bytes come from %d characters", describe(v), text, len(aligned.Text), len(aligned.From))
			}
			last := int32(0)
			for i, from := range aligned.From {
				if from < last || int(from) >= characters {
					t.Fatalf("%s of %q: byte %d comes from character %d of %d, the one before it from %d", describe(v), text, i, from, characters, last)
				}
				if i > 0 && plain && from > last+1 && (r.Analyzer != tfidf.Word || aligned.Text[i-1] != ' ') {
					t.Fatalf("%s of %q: byte %d comes from character %d, the one before it from %d, and the tape is plain", describe(v), text, i, from, last)
				}
				last = from
			}
		}
		for _, r := range readers {
			check(r, string(r.Tape(&s, text)), r.Align, r.AlignAny)
			if r.Analyzer == tfidf.Word {
				r.Words(&s, text)
				check(r, string(s.Tape), r.AlignWords, r.AlignAnyWords)
			}
		}
	})
}

func describe(v *tfidf.Vectorizer) string { return fmt.Sprintf("%+v", *v) }
