package model_test

import (
	"math"
	"strings"
	"testing"
	"unicode"

	"tagifai/model"
)

// naive predicts as the definition reads, with maps and strings: the twin that the
// fast path is held against. It lower-cases ASCII, İ and sigma by hand and leaves the
// rest to package unicode.
func (twin *twin) naive(text string) []float64 {
	w, columns := twin.weights, twin.columns
	counts := make(map[int]float64)
	for _, ngram := range naiveNGrams(&w.Vectorizer, text) {
		if column, ok := columns[ngram]; ok {
			counts[column]++
		}
	}
	norm := 0.0
	for column, tf := range counts {
		if w.Vectorizer.Binary {
			tf = 1
		}
		if w.Vectorizer.SublinearTF {
			tf = 1 + math.Log(tf)
		}
		if w.Vectorizer.UseIDF {
			tf *= w.IDF[column]
		}
		counts[column] = tf
		if w.Vectorizer.Norm == model.L2 {
			norm += tf * tf
		} else {
			norm += math.Abs(tf)
		}
	}
	if w.Vectorizer.Norm == model.L2 {
		norm = math.Sqrt(norm)
	}
	if w.Vectorizer.Norm == model.NoNorm || norm == 0 {
		norm = 1
	}
	scores := make([]float64, w.Rows())
	for k := range scores {
		scores[k] = w.Intercepts[k]
		for column, tf := range counts {
			scores[k] += tf / norm * w.Coefficients[k*len(w.NGrams)+column]
		}
	}
	probabilities := make([]float64, len(w.Classes))
	w.Loss.Probabilities(probabilities, scores)
	return probabilities
}

const pythonSpace = " \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func naiveIsSpace(r rune) bool { return strings.ContainsRune(pythonSpace, r) }

func naiveNGrams(v *model.Vectorizer, text string) []string {
	text = string([]rune(text)) // bytes that are not UTF-8 become U+FFFD
	if v.Lowercase {
		text = naiveLower(text)
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
		for _, word := range strings.FieldsFunc(text, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_'
		}) {
			if len([]rune(word)) >= 2 {
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

// A twin is a model and the weights it was made of.
type twin struct {
	name    string
	model   *model.Model
	weights *model.Weights
	columns map[string]int // of each n-gram
}

func newTwin(name string, m *model.Model, w *model.Weights) *twin {
	twin := &twin{name, m, w, make(map[string]int)}
	for column, ngram := range w.NGrams {
		twin.columns[ngram] = column
	}
	return twin
}

// check compares what the model answers to text with what the naive twin does.
func (twin *twin) check(t *testing.T, text string) {
	t.Helper()
	p, want := twin.model.Predict(text), twin.naive(text)
	shown := text
	if len(shown) > 200 {
		shown = shown[:200] + "…"
	}
	if d := distance(p.Probabilities, want); !(d <= tolerance) {
		t.Errorf("%s, %q (%d bytes): got %v, the naive twin says %v: %g apart", twin.name, shown, len(text), p.Probabilities, want, d)
	}
	if tag := twin.model.Tag(text); tag != p.Tag {
		t.Errorf("%s, %q (%d bytes): Tag says %q, Predict %q", twin.name, shown, len(text), tag, p.Tag)
	}
}

func twins(t testing.TB) []*twin {
	var twins []*twin
	for _, c := range parityCases(t) {
		w := c.weights()
		twins = append(twins, newTwin(c.Name, newModel(t, `{}`, w), w))
	}
	many := parityCases(t)[0].weights() // more classes than go by fours
	for range 2 {
		many.Coefficients = append(many.Coefficients, many.Coefficients...)
		many.Intercepts = append(many.Intercepts, many.Intercepts...)
	}
	many.Classes = strings.Split("abcdefghij", "")
	many.Coefficients = many.Coefficients[:many.Rows()*len(many.NGrams)]
	many.Intercepts = many.Intercepts[:many.Rows()]
	twins = append(twins, newTwin("ten classes", newModel(t, `{}`, many), many))
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return append(twins, newTwin("default", m, a.Weights))
}

// FuzzPredict holds the trie against the naive twin, for every parity case and the
// default model, on any string.
func FuzzPredict(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	for _, text := range labelledTexts(f) {
		f.Add(text)
	}
	f.Add("broken \xff\xfe UTF-8 \xe2\x82 \xed\xa0\x80 \xc0\x80")
	f.Add(strings.Repeat("Σ", 50) + strings.Repeat("a b ", 100))
	twins := twins(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, twin := range twins {
			twin.check(t, text)
		}
	})
}

// TestLength holds texts of lengths at which something else begins in the fast path,
// or has to have begun, against the naive twin: few distinct n-grams and many, ASCII
// and not.
func TestLength(t *testing.T) {
	pieces := map[string]string{
		"one letter":  "a",
		"one word":    "learning ",
		"all texts":   strings.Join(texts(t), "\n"),
		"data set":    strings.Join(labelledTexts(t), "\n"),
		"not ASCII":   "Σίσυφος ΟΔΟΣ \u2003 İstanbul ",
		"only spaces": " \t",
	}
	lengths := []int{1, 2, 3, 255, 256, 4093, 4094, 4095, 4096, 4097, 9000}
	for _, twin := range twins(t) {
		t.Run(twin.name, func(t *testing.T) {
			for _, piece := range pieces {
				long := strings.Repeat(piece, 1+lengths[len(lengths)-1]/len(piece))
				for _, n := range lengths {
					twin.check(t, long[:n])
				}
			}
			twin.check(t, strings.Repeat("a", math.MaxUint16+10)) // more than narrow counters hold
		})
	}
}

// FuzzNGrams holds the n-grams that a trainer is given against the naive twin's.
func FuzzNGrams(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text, uint8(2), uint8(4))
	}
	f.Add("a bb  ccc", uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, text string, shortest, more uint8) {
		for _, analyzer := range []model.Analyzer{model.Char, model.CharWB, model.Word} {
			v := model.Vectorizer{Analyzer: analyzer, NgramMin: 1 + int(shortest)%8, Lowercase: true}
			v.NgramMax = v.NgramMin + int(more)%6
			balance := make(map[string]int)
			for ngram := range v.NGrams(text) {
				balance[string(ngram)]++
			}
			for _, ngram := range naiveNGrams(&v, text) {
				balance[ngram]--
			}
			for ngram, n := range balance {
				if n != 0 {
					t.Errorf("%s (%d, %d) of %q: n-gram %q occurs %+d times against the naive twin", analyzer, v.NgramMin, v.NgramMax, text, ngram, n)
				}
			}
		}
	})
}
