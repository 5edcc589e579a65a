package sklearn

import (
	"fmt"
	"slices"

	"tagifai/internal/pickle"
	"tagifai/model"
)

// The token pattern that scikit-learn has by default, and model has built in.
const tokenPattern = `(?u)\b\w\w+\b`

// readVectorizer reads the steps before the classifier.
func readVectorizer(steps []pickle.Node, w *model.Weights) error {
	w.Vectorizer.Norm = model.NoNorm
	if err := vectorizerSteps(steps); err != nil {
		return err
	}
	if err := vectorizer(steps[0], w); err != nil {
		return err
	}
	switch {
	case steps[0].Class() == tfidfVectorizer:
		inner, err := steps[0].Attr("_tfidf")
		if err != nil {
			return err
		}
		return transformer(inner, w)
	case len(steps) == 2:
		return transformer(steps[1], w)
	}
	return nil // counts, as they are
}

func vectorizerSteps(steps []pickle.Node) error {
	switch {
	case len(steps) == 1 && (steps[0].Class() == tfidfVectorizer || steps[0].Class() == countVectorizer):
		return nil
	case len(steps) == 2 && steps[0].Class() == countVectorizer && steps[1].Class() == tfidfTransformer:
		return nil
	}
	found := ""
	for i, s := range steps {
		if i > 0 {
			found += " and then "
		}
		found += s.String()
	}
	return fmt.Errorf("the vectorizer is %s, only a %s, or a %s with or without a %s, is supported", found, tfidfVectorizer, countVectorizer, tfidfTransformer)
}

// vectorizer reads what turns a text into counts: the parameters and vocabulary of a
// CountVectorizer, which a TfidfVectorizer is as well.
func vectorizer(n pickle.Node, w *model.Weights) error {
	v := &w.Vectorizer
	analyzer, err := n.OneOf("analyzer", string(model.Char), string(model.CharWB), string(model.Word))
	if err != nil {
		return err
	}
	v.Analyzer = model.Analyzer(analyzer)
	if v.Lowercase, err = n.Flag("lowercase"); err != nil {
		return err
	}
	if v.Binary, err = n.Flag("binary"); err != nil {
		return err
	}
	if v.NgramMin, v.NgramMax, err = ngramRange(n); err != nil {
		return err
	}
	if _, err := n.OneOf("input", "content"); err != nil {
		return err
	}
	absent := []string{"preprocessor", "strip_accents"}
	if v.Analyzer == model.Word { // the others do not look at these
		absent = append(absent, "tokenizer", "stop_words")
		if _, err := n.OneOf("token_pattern", tokenPattern); err != nil {
			return err
		}
	}
	for _, name := range absent {
		a, err := n.Attr(name)
		if err != nil {
			return err
		}
		if !a.IsNone() {
			return a.Wrong("None")
		}
	}
	if err := countType(n); err != nil {
		return err
	}
	vocabulary, err := n.Attr("vocabulary_")
	if err != nil {
		return err
	}
	w.NGrams, err = vocabulary.Numbered()
	return err
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

// countType refuses the types whose arithmetic is not that of float64. Those of
// float32, say, give probabilities that differ in the seventh digit.
func countType(n pickle.Node) error {
	a, err := n.Attr("dtype")
	if err != nil {
		return err
	}
	classes := []string{"numpy.float64", "numpy.int64", "numpy.int32", "builtins.float", "__builtin__.float", "builtins.int", "__builtin__.int"}
	if slices.Contains(classes, a.Global()) ||
		slices.Contains([]string{"f8", "i8", "i4"}, a.DType()) ||
		slices.ContainsFunc([]string{"float64", "int64", "float", "int"}, a.Is) {
		return nil
	}
	return a.Wrong("float64, int64 or int32")
}

// transformer reads what turns counts into TF-IDF: a TfidfTransformer, which a
// TfidfVectorizer holds one of. The vocabulary has to be known.
func transformer(n pickle.Node, w *model.Weights) error {
	v := &w.Vectorizer
	norm, err := n.Attr("norm")
	switch {
	case err != nil:
		return err
	case norm.IsNone():
		v.Norm = model.NoNorm
	case norm.Is("l1"):
		v.Norm = model.L1
	case norm.Is("l2"):
		v.Norm = model.L2
	default:
		return norm.Wrong("'l2', 'l1' or None")
	}
	if v.SublinearTF, err = n.Flag("sublinear_tf"); err != nil {
		return err
	}
	if v.UseIDF, err = n.Flag("use_idf"); err != nil || !v.UseIDF {
		return err
	}
	w.IDF, err = idf(n, len(w.NGrams))
	return err
}

// idf returns the inverse document frequencies: since scikit-learn 1.4 an array,
// before that a diagonal matrix.
func idf(n pickle.Node, columns int) ([]float64, error) {
	if a, ok := n.Find("idf_"); ok {
		return a.Numbers(columns)
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
		return diagonal.Floats("data", columns)
	case "dia_matrix", "dia_array":
		offsets, err := diagonal.Floats("offsets", 1)
		if err != nil {
			return nil, err
		}
		if offsets[0] != 0 {
			return nil, fmt.Errorf("%s.offsets is %v, not that of a diagonal matrix", diagonal.Path(), offsets)
		}
		return diagonal.Floats("data", 1, columns)
	}
	return nil, diagonal.Wrong("a csr_matrix or dia_matrix")
}

// counts checks that an attribute is an array that counts from 0 up, as it does in a
// csr matrix that is diagonal.
func counts(n pickle.Node, name string, length int) error {
	numbers, err := n.Floats(name, length)
	for i, x := range numbers {
		if x != float64(i) {
			return fmt.Errorf("%s.%s[%d] is %v, not that of a diagonal matrix", n.Path(), name, i, x)
		}
	}
	return err
}
