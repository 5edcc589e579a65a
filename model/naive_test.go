package model_test

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tagifai/model"
)

// naive predicts as the definition reads, with maps and strings: the twin that the
// fast path is held against. It lower-cases ASCII, İ and sigma by hand and leaves the
// rest to package unicode. probabilities are nil if there are none.
func (twin *twin) naive(text string) (probabilities, rows []float64) {
	w := twin.weights
	rows = make([]float64, w.Rows())
	outer, column := 0.0, 0
	for i := range w.Blocks {
		b := &w.Blocks[i]
		vector := naiveVector(b, twin.columns[i], text)
		for of, x := range vector {
			outer += power(w.Norm, x)
			for k := range rows {
				rows[k] += x * w.Coefficients[k*w.Features()+column+of]
			}
		}
		column += b.NGrams.Len()
	}
	for k := range rows {
		rows[k] = rows[k]/root(w.Norm, outer) + w.Intercepts[k]
	}
	if !w.HasProbabilities() {
		return nil, rows
	}
	probabilities = make([]float64, len(w.Classes))
	left, weights := rows, 0.0
	for _, l := range w.Links {
		n := len(w.Classes)
		if n == 2 {
			n = 1
		}
		for k, p := range naiveLink(l, len(w.Classes), left[:n]) {
			probabilities[k] += l.Weight * p
		}
		left, weights = left[n:], weights+l.Weight
	}
	for k := range probabilities {
		probabilities[k] /= weights
	}
	return probabilities, rows
}

// naiveVector is the vector of text in one block, without zeros.
func naiveVector(b *model.Block, columns map[string]int, text string) map[int]float64 {
	v := &b.Vectorizer
	vector := make(map[int]float64)
	for _, ngram := range naiveNGrams(v, text) {
		if column, ok := columns[ngram]; ok {
			vector[column]++
		}
	}
	norm := 0.0
	for column, tf := range vector {
		if v.Binary {
			tf = 1
		}
		if v.SublinearTF {
			tf = 1 + math.Log(tf)
		}
		if v.UseIDF {
			tf *= b.IDF[column]
		}
		vector[column] = tf
		norm += power(v.Norm, tf)
	}
	for column := range vector {
		vector[column] *= b.Weight / root(v.Norm, norm)
	}
	return vector
}

func power(norm model.Norm, x float64) float64 {
	if norm == model.L2 {
		return x * x
	}
	return math.Abs(x)
}

func root(norm model.Norm, sum float64) float64 {
	switch {
	case norm == model.NoNorm || sum == 0:
		return 1
	case norm == model.L2:
		return math.Sqrt(sum)
	}
	return sum
}

func naiveLink(l model.Link, classes int, scores []float64) []float64 {
	probabilities := make([]float64, classes)
	l.Loss.Probabilities(probabilities, scores)
	if l.Calibrators == nil {
		return probabilities
	}
	if l.Loss != model.NoLoss {
		scores = append([]float64(nil), probabilities[classes-len(scores):]...)
	}
	sum := 0.0
	for k, c := range l.Calibrators {
		x := scores[k]
		if c.Y == nil {
			probabilities[k] = 1 / (1 + math.Exp(c.Slope*x+c.Offset))
		} else {
			probabilities[k] = c.Y[0]
			for i := 1; i < len(c.X); i++ {
				if x >= c.X[i-1] {
					along := (min(x, c.X[i]) - c.X[i-1]) / (c.X[i] - c.X[i-1])
					probabilities[k] = c.Y[i-1] + along*(c.Y[i]-c.Y[i-1])
				}
			}
		}
		sum += probabilities[k]
	}
	if len(scores) == 1 {
		return []float64{1 - probabilities[0], probabilities[0]}
	}
	for k := range probabilities {
		if sum == 0 {
			probabilities[k] = 1 / float64(classes)
		} else {
			probabilities[k] /= sum
		}
	}
	return probabilities
}

const pythonSpace = " \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func naiveIsSpace(r rune) bool { return strings.ContainsRune(pythonSpace, r) }

func naiveNGrams(v *model.Vectorizer, text string) []string {
	text = string([]rune(text)) // bytes that are not UTF-8 become U+FFFD
	if v.Lowercase {
		text = naiveLower(text)
	}
	switch v.StripAccents {
	case model.Unicode:
		text = strings.Map(func(r rune) rune {
			if norm.NFKD.PropertiesString(string(r)).CCC() != 0 {
				return -1
			}
			return r
		}, norm.NFKD.String(text))
	case model.ASCII:
		text = strings.Map(func(r rune) rune {
			if r > unicode.MaxASCII {
				return -1
			}
			return r
		}, norm.NFKD.String(text))
	}
	var ngrams []string
	switch v.Analyzer {
	case model.Char:
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
	case model.CharWB:
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
	case model.Word:
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
