package joblib

import (
	"fmt"
	"slices"

	"tagifai/model"
)

// The token pattern that scikit-learn has by default, and model has built in.
const tokenPattern = `(?u)\b\w\w+\b`

// vectorizer reads what turns a text into counts: the parameters and vocabulary of a
// CountVectorizer, which a TfidfVectorizer is as well.
func vectorizer(n node, w *model.Weights) error {
	v := &w.Vectorizer
	analyzer, err := n.oneOf("analyzer", string(model.Char), string(model.CharWB), string(model.Word))
	if err != nil {
		return err
	}
	v.Analyzer = model.Analyzer(analyzer)
	if v.Lowercase, err = n.flag("lowercase"); err != nil {
		return err
	}
	if v.Binary, err = n.flag("binary"); err != nil {
		return err
	}
	if v.NgramMin, v.NgramMax, err = ngramRange(n); err != nil {
		return err
	}
	if _, err := n.oneOf("input", "content"); err != nil {
		return err
	}
	absent := []string{"preprocessor", "strip_accents"}
	if v.Analyzer == model.Word { // the others do not look at these
		absent = append(absent, "tokenizer", "stop_words")
		if _, err := n.oneOf("token_pattern", tokenPattern); err != nil {
			return err
		}
	}
	for _, name := range absent {
		a, err := n.attr(name)
		if err != nil {
			return err
		}
		if !a.isNone() {
			return a.wrong("None")
		}
	}
	if err := countType(n); err != nil {
		return err
	}
	w.NGrams, err = vocabulary(n)
	return err
}

func ngramRange(n node) (low, high int, err error) {
	a, err := n.attr("ngram_range")
	if err != nil {
		return 0, 0, err
	}
	const most = 1 << 20
	ends := a.items(a.value)
	if len(ends) != 2 || ends[0].kind != intKind || ends[1].kind != intKind ||
		ends[0].num < 1 || ends[1].num < ends[0].num || ends[1].num > most {
		return 0, 0, a.wrong("a pair of numbers, 1 <= min <= max,")
	}
	return int(ends[0].num), int(ends[1].num), nil
}

// countType refuses the types whose arithmetic is not that of float64. float32, say,
// gives probabilities that differ in the seventh digit.
func countType(n node) error {
	a, err := n.attr("dtype")
	if err != nil {
		return err
	}
	exact := []string{"numpy.float64", "numpy.int64", "numpy.int32", "builtins.float", "__builtin__.float", "builtins.int", "__builtin__.int"}
	switch v := a.value; {
	case v.kind == globalKind && slices.Contains(exact, globals[v.num].name),
		a.is("float64"), a.is("int64"), a.is("float"), a.is("int"),
		v.kind == dtypeKind && a.object(v).data.(*dtype).exact():
		return nil
	}
	return a.wrong("float64, int64 or int32")
}

func (d *dtype) exact() bool {
	return d.size == 8 && (d.code == 'f' || d.code == 'i') || d.size == 4 && d.code == 'i'
}

// vocabulary returns the n-grams in the order of their columns.
func vocabulary(n node) ([]string, error) {
	a, err := n.attr("vocabulary_")
	if err != nil {
		return nil, err
	}
	if a.value.kind != dictKind {
		return nil, a.wrong("a dict from n-gram to column")
	}
	pairs := a.object(a.value).items
	columns := len(pairs) / 2
	ordered := make([]value, columns)
	size := 0
	for i := 0; i < len(pairs); i += 2 {
		ngram, column := pairs[i], pairs[i+1]
		if ngram.kind != stringKind {
			return nil, fmt.Errorf("%s: key %s is %v, not a text", a.path, a.describe(ngram), ngram.kind)
		}
		if column.kind != intKind || column.num < 0 || column.num >= int64(columns) || ordered[column.num].kind != unset {
			return nil, fmt.Errorf("%s[%s] is %s: the columns of %d n-grams are 0 to %d, each once",
				a.path, a.describe(ngram), a.describe(column), columns, columns-1)
		}
		ordered[column.num] = ngram
		size += int(ngram.size)
	}
	return a.texts(ordered, size), nil
}

// texts returns texts of size bytes in all, as pieces of one string: one allocation,
// and the file can go.
func (p *pickled) texts(values []value, size int) []string {
	buffer := make([]byte, 0, size)
	for _, v := range values {
		buffer = append(buffer, p.raw(v)...)
	}
	all := string(buffer)
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i], all = all[:v.size], all[v.size:]
	}
	return texts
}

// transformer reads what turns counts into TF-IDF: a TfidfTransformer, which a
// TfidfVectorizer holds one of. The vocabulary has to be known.
func transformer(n node, w *model.Weights) error {
	v := &w.Vectorizer
	norm, err := n.attr("norm")
	switch {
	case err != nil:
		return err
	case norm.isNone():
		v.Norm = model.NoNorm
	case norm.is("l1"), norm.is("l2"):
		v.Norm = model.Norm(norm.raw(norm.value))
	default:
		return norm.wrong("'l2', 'l1' or None")
	}
	if v.SublinearTF, err = n.flag("sublinear_tf"); err != nil {
		return err
	}
	if v.UseIDF, err = n.flag("use_idf"); err != nil || !v.UseIDF {
		return err
	}
	w.IDF, err = idf(n, len(w.NGrams))
	return err
}

// idf returns the inverse document frequencies: since scikit-learn 1.4 an array,
// before that a diagonal matrix.
func idf(n node, columns int) ([]float64, error) {
	if a, ok := n.find("idf_"); ok {
		return a.numbers(columns)
	}
	diagonal, err := n.attr("_idf_diag")
	if err != nil {
		return nil, err
	}
	shape, err := diagonal.attr("_shape")
	if err != nil {
		return nil, err
	}
	for _, v := range shape.items(shape.value) {
		if v.kind != intKind || v.num != int64(columns) {
			return nil, shape.wrong(fmt.Sprintf("(%d, %d), for so many n-grams,", columns, columns))
		}
	}
	switch diagonal.class() {
	case "csr_matrix", "csr_array":
		if err := diagonal.counts("indptr", columns+1); err != nil {
			return nil, err
		}
		if err := diagonal.counts("indices", columns); err != nil {
			return nil, err
		}
		return diagonal.floats("data", columns)
	case "dia_matrix", "dia_array":
		offsets, err := diagonal.floats("offsets", 1)
		if err != nil {
			return nil, err
		}
		if offsets[0] != 0 {
			return nil, fmt.Errorf("%s.offsets is %v, not that of a diagonal matrix", diagonal.path, offsets)
		}
		return diagonal.floats("data", 1, columns)
	}
	return nil, diagonal.wrong("a csr_matrix or dia_matrix")
}

// counts checks that an attribute is an array that counts from 0 up, as it does in a
// csr matrix that is diagonal.
func (n node) counts(name string, length int) error {
	numbers, err := n.floats(name, length)
	for i, x := range numbers {
		if x != float64(i) {
			return fmt.Errorf("%s.%s[%d] is %v, not that of a diagonal matrix", n.path, name, i, x)
		}
	}
	return err
}
