package tfidf_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/model/tfidf"
)

// TestTokenPattern holds token patterns against what re.findall of Python 3.13 returned.
func TestTokenPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          []string
	}{
		{`(?u)\b\w\w+\b`, "a ab é éé 12 _ __", []string{"ab", "éé", "12", "__"}},
		{`(?u)\b\w+\b`, "a ab-é", []string{"a", "ab", "é"}},
		{`\w{3,}`, "ab abc abcd", []string{"abc", "abcd"}},
		{`\S+`, "a,b\u00a0c\u200bd e", []string{"a,b", "c\u200bd", "e"}},
		{`[a-zA-Z]+`, "aé1Zz", []string{"a", "Zz"}},
		{`\b[a-z]+\b`, "aé bc 1d ef", []string{"bc", "ef"}}, // é and 1 are letters of a word
		{`[^\W\d_]+`, "ab1c_dé", []string{"ab", "c", "dé"}},
		{`(?u)\b([a-z]+)ing\b`, "learning sing ing kings", []string{"learn", "s"}},
		{`\w+(?:-\w+)*`, "state-of-the-art - x-", []string{"state-of-the-art", "x"}},
		{`(a|ab)(?:c|bcd)(?:d*)`, "abcd", []string{"a"}}, // leftmost, and the first that matches
		{`\w+?\b`, "ab c", []string{"ab", "c"}},
		{`#?\w+`, "#a b##c", []string{"#a", "b", "#c"}},
		{`[\w']+`, "don't 'x'", []string{"don't", "'x'"}},
		{`\d+|[a-z]{2,}?`, "12abcd", []string{"12", "ab", "cd"}},
		{`\w+\B\w`, "abc d", []string{"abc"}},
		{`a{,3}b`, "aaaab b", []string{"aaab", "b"}},
		{`[\u0430-\u044f]+`, "мир, Peace", []string{"мир"}},
		{`[]a]+`, "]a]b", []string{"]a]"}},
		{`^\w+`, "ab cd", []string{"ab"}},
	} {
		v := tfidf.Vectorizer{Analyzer: tfidf.Word, NgramMin: 1, NgramMax: 1, Norm: tfidf.L2, TokenPattern: c.pattern}
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", c.pattern, err)
		}
		var got []string
		for ngram := range v.NGrams(c.text) {
			got = append(got, string(ngram))
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s of %q: got -, want +:\n%s", c.pattern, c.text, diff)
		}
	}
	for pattern, want := range map[string]string{
		`(?i)\w+`:                   "(?i",
		`(?=a)\w`:                   "(?=",
		`(?<!a)\w`:                  "(?<!",
		`(\w)(\d)`:                  "more than one group",
		`(\w)\1`:                    `\1`,
		`\w*`:                       "no word",
		`a|\b`:                      "no word",
		`.+`:                        "space",
		`[^,]+`:                     "space",
		`\w+$`:                      "$",
		`[[:alpha:]]+`:              "[:",
		`[a--b]+`:                   "--",
		`\w+\Z`:                     `\Z`,
		`\N{DASH}`:                  `\N`,
		`\x4`:                       `\x4`,
		`\w++`:                      "not supported",
		`(\w`:                       "missing closing )",
		`[a`:                        "not supported",
		`\`:                         "backslash",
		`\w{2000}`:                  "not supported",
		`((\w{1,99}){1,99}){1,99}`:  "not supported",
		strings.Repeat(`\w`, 1<<10): "bytes",
	} {
		v := tfidf.Vectorizer{Analyzer: tfidf.Word, NgramMin: 1, NgramMax: 1, Norm: tfidf.L2, TokenPattern: pattern}
		if err := v.Validate(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "token_pattern") {
			t.Errorf("%s: got %v, want an error with %q", pattern, err, want)
		}
	}
}
