package tfidf_test

import (
	"strings"
	"testing"

	"tagifai/model/tfidf"
)

// TestAccents holds what becomes of accents against strip_accents_unicode and
// strip_accents_ascii of scikit-learn with Python 3.13.
func TestAccents(t *testing.T) {
	for _, c := range []struct{ text, unicode, ascii string }{
		{"plain", "plain", "plain"},
		{"éàü ñ", "eau n", "eau n"},
		{"e\u0301", "e", "e"},
		{"ﬁ ½ ² ㎒", "fi 1⁄2 2 MHz", "fi 12 2 MHz"},
		{"ß ø 深 가", "ß ø 深 \u1100\u1161", "    "},
		{"z" + strings.Repeat("\u0301\u0323", 40), "z", "z"},
	} {
		for accents, want := range map[tfidf.Accents]string{tfidf.Unicode: c.unicode, tfidf.ASCII: c.ascii} {
			v := tfidf.Vectorizer{Analyzer: tfidf.Word, NgramMin: 1, NgramMax: 1, Norm: tfidf.L2, StripAccents: accents, TokenPattern: `\S+`}
			var got []string
			for ngram := range v.NGrams(c.text) {
				got = append(got, string(ngram))
			}
			if got := strings.Join(got, " "); got != strings.TrimSpace(want) {
				t.Errorf("%s of %q: got %q, want %q", accents, c.text, got, want)
			}
		}
	}
}
