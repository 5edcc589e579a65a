package tfidf_test

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tagifai/model/tfidf"
)

const pythonSpace = " \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func naiveIsSpace(r rune) bool { return strings.ContainsRune(pythonSpace, r) }

// naiveNGrams makes the n-grams of text as the definition reads, with strings: the twin
// that the tape is held against. It lower-cases ASCII, İ and sigma by hand and leaves the
// rest to package unicode. It does not clean.
func naiveNGrams(v *tfidf.Vectorizer, text string) []string {
	text = string([]rune(text)) // bytes that are not UTF-8 become U+FFFD
	if v.Lowercase {
		text = naiveLower(text)
	}
	switch v.StripAccents {
	case tfidf.Unicode:
		text = strings.Map(func(r rune) rune {
			if norm.NFKD.PropertiesString(string(r)).CCC() != 0 {
				return -1
			}
			return r
		}, norm.NFKD.String(text))
	case tfidf.ASCII:
		text = strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII {
				return -1
			}
			return r
		}, norm.NFKD.String(text))
	}
	var ngrams []string
	switch v.Analyzer {
	case tfidf.Char:
		var runes []rune
		for r := []rune(text); len(r) > 0; {
			n := 0
			for n < len(r) && naiveIsSpace(r[n]) {
				n++
			}
			if n >= 2 {
				runes, r = append(runes, ' '), r[n:]
			} else {
				runes, r = append(runes, r[0]), r[1:]
			}
		}
		for n := v.NgramMin; n <= v.NgramMax; n++ {
			for i := 0; i+n <= len(runes); i++ {
				ngrams = append(ngrams, string(runes[i:i+n]))
			}
		}
	case tfidf.CharWB:
		for _, word := range strings.FieldsFunc(text, naiveIsSpace) {
			runes := []rune(" " + word + " ")
			for n := v.NgramMin; n <= v.NgramMax; n++ {
				if n >= len(runes) {
					ngrams = append(ngrams, string(runes))
					break
				}
				for i := 0; i+n <= len(runes); i++ {
					ngrams = append(ngrams, string(runes[i:i+n]))
				}
			}
		}
	case tfidf.Word:
		var words []string
		least, out := 2, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_' }
		switch v.TokenPattern {
		case "":
		case `\S+`:
			least, out = 1, naiveIsSpace
		case `\b[a-z]+\b`:
			// Words of letters from a to z alone: what is next to them must be no other letter.
			least = 1
		default:
			panic(v.TokenPattern)
		}
		for _, word := range strings.FieldsFunc(text, out) {
			if v.TokenPattern == `\b[a-z]+\b` && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") != "" {
				continue
			}
			if len([]rune(word)) >= least && !slices.Contains(v.StopWords, word) {
				words = append(words, word)
			}
		}
		for n := v.NgramMin; n <= v.NgramMax; n++ {
			for i := 0; i+n <= len(words); i++ {
				ngrams = append(ngrams, strings.Join(words[i:i+n], " "))
			}
		}
	}
	return ngrams
}

func naiveLower(text string) string {
	runes := []rune(text)
	var lower strings.Builder
	for i, r := range runes {
		switch r {
		case 'İ':
			lower.WriteString("i\u0307")
		case 'Σ':
			before, after := i-1, i+1
			for before >= 0 && caseIgnorable(runes[before]) {
				before--
			}
			for after < len(runes) && caseIgnorable(runes[after]) {
				after++
			}
			if before >= 0 && cased(runes[before]) && (after == len(runes) || !cased(runes[after])) {
				lower.WriteRune('ς')
			} else {
				lower.WriteRune('σ')
			}
		default:
			lower.WriteRune(unicode.ToLower(r))
		}
	}
	return lower.String()
}

func cased(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) ||
		unicode.Is(unicode.Other_Lowercase, r) || unicode.Is(unicode.Other_Uppercase, r)
}

func caseIgnorable(r rune) bool {
	return strings.ContainsRune("'.:·\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r) ||
		unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
