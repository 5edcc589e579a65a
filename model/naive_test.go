package model_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
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
		column += len(b.NGrams)
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

// A twin is a model and the weights it was made of.
type twin struct {
	name    string
	model   *model.Model
	weights *model.Weights
	columns []map[string]int // of each n-gram of each block
}

func newTwin(name string, m *model.Model, w *model.Weights) *twin {
	twin := &twin{name: name, model: m, weights: w}
	for i := range w.Blocks {
		columns := make(map[string]int)
		for column, ngram := range w.Blocks[i].NGrams {
			columns[ngram] = column
		}
		twin.columns = append(twin.columns, columns)
	}
	return twin
}

// check compares what the model answers to text with what the naive twin does.
func (twin *twin) check(t *testing.T, text string) {
	t.Helper()
	p := twin.model.Predict(text)
	want, scores := twin.naive(text)
	shown := text
	if len(shown) > 200 {
		shown = shown[:200] + "…"
	}
	if d := distance(p.Probabilities, want); !(d <= tolerance) {
		t.Errorf("%s, %q (%d bytes): got %v, the naive twin says %v: %g apart", twin.name, shown, len(text), p.Probabilities, want, d)
	}
	if twin.plain() {
		if len(scores) == 1 {
			scores = []float64{-scores[0], scores[0]}
		}
		largest := max(1, math.Abs(slices.Max(scores)), math.Abs(slices.Min(scores)))
		if d := distance(p.Scores, scores); !(d <= tolerance*largest) {
			t.Errorf("%s, %q (%d bytes): got the scores %v, the naive twin says %v: %g apart", twin.name, shown, len(text), p.Scores, scores, d)
		}
	}
	if tag := twin.model.Tag(text); tag != p.Tag {
		t.Errorf("%s, %q (%d bytes): Tag says %q, Predict %q", twin.name, shown, len(text), tag, p.Tag)
	}
}

// plain reports whether the scores of the rows are those of the classes.
func (twin *twin) plain() bool {
	links := twin.weights.Links
	return len(links) == 1 && links[0].Calibrators == nil && links[0].Loss != model.OneVsOne
}

// unionOf puts the blocks of several weights of as many classes behind one another.
func unionOf(outer model.Norm, link model.Link, of ...*model.Weights) *model.Weights {
	union := &model.Weights{Norm: outer, Links: []model.Link{link}, Classes: of[0].Classes}
	for i, w := range of {
		b := w.Blocks[0]
		b.Weight = 1.5 - float64(i)/2
		union.Blocks = append(union.Blocks, b)
	}
	union.Intercepts = of[0].Intercepts[:union.Rows()]
	for k := range union.Intercepts {
		for _, w := range of {
			n := w.Features()
			union.Coefficients = append(union.Coefficients, w.Coefficients[k*n:][:n]...)
		}
	}
	return union
}

// unusualWeights are those that version 1 of the weights file cannot hold: unions,
// filters of words, and links.
func unusualWeights(t testing.TB) map[string]*model.Weights {
	t.Helper()
	byAnalyzer := make(map[model.Analyzer]func() *model.Weights) // of four classes
	for _, c := range parityCases(t) {
		if v := c.weights().Blocks[0].Vectorizer; len(c.Classes) == 4 && v.Norm == model.L2 && v.Lowercase {
			byAnalyzer[v.Analyzer] = c.weights
		}
	}
	weights := func(analyzer model.Analyzer, change func(w *model.Weights, v *model.Vectorizer)) *model.Weights {
		w := byAnalyzer[analyzer]()
		change(w, &w.Blocks[0].Vectorizer)
		return w
	}
	link := func(links ...model.Link) *model.Weights {
		return weights(model.CharWB, func(w *model.Weights, _ *model.Vectorizer) {
			w.Links = links
			var coefficients, intercepts []float64
			for len(intercepts) < w.Rows() {
				coefficients, intercepts = append(coefficients, w.Coefficients...), append(intercepts, w.Intercepts...)
			}
			w.Intercepts = intercepts[:w.Rows()]
			w.Coefficients = coefficients[:w.Rows()*w.Features()]
		})
	}
	plain := model.Link{Loss: model.LogLoss, Weight: 1}
	none := func(w *model.Weights) *model.Weights {
		w.Blocks[0].Vectorizer.Norm = model.NoNorm
		return w
	}
	words := func() *model.Weights { // single ones, which a table finds
		return weights(model.Word, func(w *model.Weights, v *model.Vectorizer) {
			v.NgramMin, v.NgramMax = 1, 1
			if !slices.Contains(w.Blocks[0].NGrams, "a") {
				t.Fatal("the vocabulary lacks a word of one letter, which is not met")
			}
		})
	}
	char, wb, word := byAnalyzer[model.Char], byAnalyzer[model.CharWB], byAnalyzer[model.Word]
	sigmoids := []model.Calibrator{{Slope: -1, Offset: .5}, {Slope: -2}, {Offset: 3}, {Slope: 4, Offset: -1}}
	points := []model.Calibrator{
		{X: []float64{-1, 0, 2}, Y: []float64{0, .25, 1}}, {X: []float64{.5}, Y: []float64{.5}},
		{X: []float64{.1, .3}, Y: []float64{0, 0}}, {X: []float64{-3, 3}, Y: []float64{1, 0}},
	}
	return map[string]*model.Weights{
		"union":                            unionOf(model.NoNorm, plain, wb(), word()),
		"union of three, l2":               unionOf(model.L2, plain, wb(), word(), char()),
		"words behind char_wb":             unionOf(model.NoNorm, plain, wb(), words()),
		"words behind char and each other": unionOf(model.NoNorm, plain, char(), words(), words()),
		"words before char":                unionOf(model.NoNorm, plain, words(), char()),
		"union, l2 of what has none":       unionOf(model.L2, plain, none(wb()), word()),
		"union, l1 of what has none":       unionOf(model.L1, plain, none(wb()), none(char())),
		"stop words":                       weights(model.Word, func(_ *model.Weights, v *model.Vectorizer) { v.StopWords = []string{"for", "learning", "the"} }),
		"accents, unicode":                 weights(model.CharWB, func(_ *model.Weights, v *model.Vectorizer) { v.StripAccents = model.Unicode }),
		"accents, ascii":                   weights(model.Word, func(_ *model.Weights, v *model.Vectorizer) { v.StripAccents = model.ASCII }),
		"a run of characters":              weights(model.Word, func(_ *model.Weights, v *model.Vectorizer) { v.TokenPattern = `\S+` }),
		"a compiled pattern":               weights(model.Word, func(_ *model.Weights, v *model.Vectorizer) { v.TokenPattern = `\b[a-z]+\b` }),
		"no loss":                          link(model.Link{Loss: model.NoLoss, Weight: 1}),
		"one against one":                  link(model.Link{Loss: model.OneVsOne, Weight: 1}),
		"sigmoids":                         link(model.Link{Loss: model.NoLoss, Weight: 1, Calibrators: sigmoids}),
		"points":                           link(model.Link{Loss: model.Multinomial, Weight: 1, Calibrators: points}),
		"three links": link(
			model.Link{Loss: model.Multinomial, Weight: 2}, model.Link{Loss: model.ModifiedHuber, Weight: .5},
			model.Link{Loss: model.NoLoss, Weight: 1, Calibrators: points},
		),
	}
}

func twins(t testing.TB) []*twin {
	var twins []*twin
	unusual := unusualWeights(t)
	for _, name := range slices.Sorted(maps.Keys(unusual)) { // a fuzz target counts on the order
		w := unusual[name]
		twins = append(twins, newTwin(name, newModel(t, `{}`, w), w))
	}
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
	many.Coefficients = many.Coefficients[:many.Rows()*many.Features()]
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
	lengths := []int{1, 2, 3, 7, 8, 9, 255, 256, 509, 510, 511, 512, 513, 1024, 1025, 4097}
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
