package sklearn

import (
	"fmt"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
	"tagifai/model/vocabulary"
)

// vectorizer reads a CountVectorizer, or a TfidfVectorizer, which is one as well.
func vectorizer(n pickle.Node) (*features, error) {
	b, single, err := counter(n)
	if err != nil {
		return nil, err
	}
	f := newFeatures(b)
	f.float32 = single
	if n.Class() == countVectorizer {
		return f, nil
	}
	inner, err := n.Attr("_tfidf")
	if err != nil {
		return nil, err
	}
	return f, f.tfidf(inner)
}

// counter reads what turns a text into counts, and whether in single precision.
func counter(n pickle.Node) (b linear.Block, single bool, err error) {
	b.Weight = 1
	v := &b.Vectorizer
	v.Norm = tfidf.NoNorm
	analyzer, err := n.OneOf("analyzer", string(tfidf.Char), string(tfidf.CharWB), string(tfidf.Word))
	if err != nil {
		return b, false, err
	}
	v.Analyzer = tfidf.Analyzer(analyzer)
	if v.Lowercase, err = n.Flag("lowercase"); err != nil {
		return b, false, err
	}
	if v.Binary, err = n.Flag("binary"); err != nil {
		return b, false, err
	}
	if v.NgramMin, v.NgramMax, err = ngramRange(n); err != nil {
		return b, false, err
	}
	if _, err := n.OneOf("input", "content"); err != nil {
		return b, false, err
	}
	if err := absent(n, "preprocessor"); err != nil {
		return b, false, err
	}
	if v.StripAccents, err = accents(n); err != nil {
		return b, false, err
	}
	if v.Analyzer == tfidf.Word { // the others do not look at these
		if err := words(n, v); err != nil {
			return b, false, err
		}
	}
	if single, err = countType(n); err != nil {
		return b, false, err
	}
	fitted, err := n.Attr("vocabulary_")
	if err != nil {
		return b, false, err
	}
	text, ends, err := fitted.Numbered()
	if err != nil {
		return b, false, err
	}
	b.NGrams, err = vocabulary.Cut(text, ends)
	return b, single, err
}

func absent(n pickle.Node, name string) error {
	a, err := n.Attr(name)
	if err == nil && !a.IsNone() {
		err = a.Wrong("None")
	}
	return err
}

func accents(n pickle.Node) (tfidf.Accents, error) {
	a, err := n.Attr("strip_accents")
	switch {
	case err != nil:
		return "", err
	case a.IsNone():
		return tfidf.KeepAccents, nil
	case a.Is("ascii"):
		return tfidf.ASCII, nil
	case a.Is("unicode"):
		return tfidf.Unicode, nil
	}
	return "", a.Wrong("'ascii', 'unicode' or None")
}

// words reads what finds the words of a text.
func words(n pickle.Node, v *tfidf.Vectorizer) error {
	if err := absent(n, "tokenizer"); err != nil {
		return err
	}
	pattern, err := n.Attr("token_pattern")
	if err != nil {
		return err
	}
	text, ok := pattern.Text()
	if !ok {
		return pattern.Wrong("a regular expression")
	}
	if v.TokenPattern = string(text); v.TokenPattern == tfidf.DefaultTokenPattern {
		v.TokenPattern = ""
	}
	v.StopWords, err = stopWords(n)
	if err != nil {
		return err
	}
	if err := v.Validate(); err != nil {
		return fmt.Errorf("%s: %w", n.Path(), err)
	}
	return nil
}

func stopWords(n pickle.Node) ([]string, error) {
	a, err := n.Attr("stop_words")
	switch {
	case err != nil:
		return nil, err
	case a.IsNone():
		return nil, nil
	case a.Is("english"):
		return slices.Clone(englishStopWords), nil
	}
	var words []string
	for i := range a.Len() {
		word, ok := a.Item(i).Text()
		if !ok {
			return nil, a.Item(i).Wrong("a text")
		}
		words = append(words, string(word))
	}
	if len(words) == 0 {
		if _, isText := a.Text(); isText || a.IsDict() {
			return nil, a.Wrong("'english', a list of words or None")
		}
		return nil, nil
	}
	slices.Sort(words)
	return slices.Compact(words), nil
}

func ngramRange(n pickle.Node) (low, high int, err error) {
	a, err := n.Attr("ngram_range")
	if err != nil {
		return 0, 0, err
	}
	const most = 1 << 20
	if a.Len() == 2 {
		low, isLow := a.Item(0).Int()
		high, isHigh := a.Item(1).Int()
		if isLow && isHigh && 1 <= low && low <= high && high <= most {
			return int(low), int(high), nil
		}
	}
	return 0, 0, a.Wrong("a pair of numbers, 1 <= min <= max,")
}

// countType reports whether the vectorizer computes in float32. It refuses types whose
// arithmetic is another.
func countType(n pickle.Node) (single bool, err error) {
	a, err := n.Attr("dtype")
	if err != nil {
		return false, err
	}
	if a.Global() == "numpy.float32" || a.DType() == "f4" || a.Is("float32") {
		return true, nil
	}
	classes := []string{"numpy.float64", "numpy.int64", "numpy.int32", "builtins.float", "__builtin__.float", "builtins.int", "__builtin__.int"}
	if slices.Contains(classes, a.Global()) ||
		slices.Contains([]string{"f8", "i8", "i4"}, a.DType()) ||
		slices.ContainsFunc([]string{"float64", "int64", "float", "int"}, a.Is) {
		return false, nil
	}
	return false, a.Wrong("float64, float32, int64 or int32")
}

// idf returns the inverse document frequencies: since scikit-learn 1.4 an array,
// before that a diagonal matrix.
func idf(n pickle.Node, columns int) ([]float64, error) {
	if a, ok := n.Find("idf_"); ok {
		return a.View(columns)
	}
	diagonal, err := n.Attr("_idf_diag")
	if err != nil {
		return nil, err
	}
	shape, err := diagonal.Attr("_shape")
	if err != nil {
		return nil, err
	}
	for i := range shape.Len() {
		if size, ok := shape.Item(i).Int(); !ok || size != int64(columns) {
			return nil, shape.Wrong(fmt.Sprintf("(%d, %d), for so many n-grams,", columns, columns))
		}
	}
	switch diagonal.Class() {
	case "csr_matrix", "csr_array":
		if err := counts(diagonal, "indptr", columns+1); err != nil {
			return nil, err
		}
		if err := counts(diagonal, "indices", columns); err != nil {
			return nil, err
		}
		return view(diagonal, "data", columns)
	case "dia_matrix", "dia_array":
		offsets, err := diagonal.Floats("offsets", 1)
		if err != nil {
			return nil, err
		}
		if offsets[0] != 0 {
			return nil, fmt.Errorf("%s.offsets is %v, not that of a diagonal matrix", diagonal.Path(), offsets)
		}
		return view(diagonal, "data", 1, columns)
	}
	return nil, diagonal.Wrong("a csr_matrix or dia_matrix")
}

// counts checks that an attribute is an array that counts from 0 up, as it does in a
// csr matrix that is diagonal.
func counts(n pickle.Node, name string, length int) error {
	a, err := n.Attr(name)
	if err != nil {
		return err
	}
	numbers, err := a.Each(length)
	if err != nil {
		return err
	}
	for i, x := range numbers {
		if x != float64(i) {
			return fmt.Errorf("%s[%d] is %v, not that of a diagonal matrix", a.Path(), i, x)
		}
	}
	return nil
}

// view returns an attribute that has to be an array of this shape and of finite numbers,
// which must not be written to.
func view(n pickle.Node, name string, shape ...int) ([]float64, error) {
	a, err := n.Attr(name)
	if err != nil {
		return nil, err
	}
	return a.View(shape...)
}
