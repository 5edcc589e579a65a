package train

import (
	"math"
	"slices"

	"tagifai/model/tfidf"
)

// rows is a sparse matrix with a row for each text and a column for each n-gram of
// the vocabulary. Row i lies at ends[i-1]:ends[i].
type rows struct {
	ends    []int
	columns []int32 // ascending within a row
	values  []float64
}

func (r *rows) len() int { return len(r.ends) }

func (r *rows) row(i int) ([]int32, []float64) {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.columns[start:r.ends[i]], r.values[start:r.ends[i]]
}

// A vectorizer is a fitted vectorizer, with a vocabulary and its idf.
type vectorizer struct {
	tfidf.Vectorizer
	ngrams []string         // sorted by code point
	column map[string]int32 // of each n-gram
	idf    []float64        // nil if the vectorizer uses none
}

// fitVectorizer learns the vocabulary of texts and its idf, and adds more n-grams to the
// vocabulary. It also returns the TF-IDF matrix of the texts.
func fitVectorizer(params tfidf.Vectorizer, texts []string, more ...string) (*vectorizer, *rows) {
	v := &vectorizer{Vectorizer: params, column: make(map[string]int32)}
	learn := func(ngram []byte) int32 {
		column, ok := v.column[string(ngram)]
		if !ok {
			column = int32(len(v.ngrams))
			v.ngrams = append(v.ngrams, string(ngram))
			v.column[v.ngrams[column]] = column
		}
		return column
	}
	counts := v.count(texts, learn)
	for _, ngram := range more {
		learn([]byte(ngram))
	}

	// So far the columns are numbered by first occurrence. Sort them by n-gram.
	arrival := make([]int32, len(v.ngrams))
	for i := range arrival {
		arrival[i] = int32(i)
	}
	slices.SortFunc(arrival, func(a, b int32) int {
		if v.ngrams[a] < v.ngrams[b] {
			return -1
		}
		return 1
	})
	column := make([]int32, len(arrival))
	ngrams := make([]string, len(arrival))
	for i, old := range arrival {
		column[old] = int32(i)
		ngrams[i] = v.ngrams[old]
		v.column[ngrams[i]] = int32(i)
	}
	v.ngrams = ngrams
	for i, old := range counts.columns {
		counts.columns[i] = column[old]
	}
	counts.sort()

	if v.UseIDF {
		v.idf = idf(counts, len(v.ngrams))
	}
	v.weigh(counts)
	return v, counts
}

// transform returns the TF-IDF matrix of texts. It ignores n-grams outside the
// vocabulary.
func (v *vectorizer) transform(texts []string) *rows {
	matrix := v.count(texts, func(ngram []byte) int32 {
		if column, ok := v.column[string(ngram)]; ok {
			return column
		}
		return -1
	})
	matrix.sort()
	v.weigh(matrix)
	return matrix
}

// count returns how often each text has each n-gram. The function column returns the
// column of an n-gram, or -1 to leave it out. Within a row, the columns are in the
// order of first occurrence.
func (v *vectorizer) count(texts []string, column func([]byte) int32) *rows {
	counts := &rows{ends: make([]int, 0, len(texts))}
	reader, err := tfidf.NewReader(v.Vectorizer)
	if err != nil {
		panic(err) // the parameters are valid
	}
	var scratch tfidf.Scratch
	var place []int32 // by column: 1 + its place in the current row, or 0
	for _, text := range texts {
		start := len(counts.columns)
		for ngram := range reader.NGrams(&scratch, text) {
			c := column(ngram)
			if c < 0 {
				continue
			}
			if int(c) >= len(place) {
				place = append(place, make([]int32, int(c)+1-len(place))...)
			}
			if place[c] == 0 {
				counts.columns = append(counts.columns, c)
				counts.values = append(counts.values, 0)
				place[c] = int32(len(counts.columns) - start)
			}
			counts.values[start+int(place[c])-1]++
		}
		for _, c := range counts.columns[start:] {
			place[c] = 0
		}
		counts.ends = append(counts.ends, len(counts.columns))
	}
	return counts
}

// sort sorts each row by column.
func (r *rows) sort() {
	type entry struct {
		column int32
		value  float64
	}
	var entries []entry
	for i := range r.ends {
		columns, values := r.row(i)
		entries = entries[:0]
		for j, c := range columns {
			entries = append(entries, entry{c, values[j]})
		}
		slices.SortFunc(entries, func(a, b entry) int { return int(a.column) - int(b.column) })
		for j, e := range entries {
			columns[j], values[j] = e.column, e.value
		}
	}
}

// idf is ln((1 + rows) / (1 + rows with the n-gram)) + 1: smooth_idf of
// scikit-learn's TfidfTransformer.
func idf(counts *rows, features int) []float64 {
	with := make([]float64, features)
	for _, c := range counts.columns {
		with[c]++
	}
	for c, n := range with {
		with[c] = math.Log((1+float64(counts.len()))/(1+n)) + 1
	}
	return with
}

// weigh turns the counts into TF-IDF values, in place.
func (v *vectorizer) weigh(counts *rows) {
	for i := range counts.ends {
		columns, values := counts.row(i)
		norm := 0.0
		for j, c := range columns {
			switch {
			case v.Binary:
				values[j] = 1
			case v.SublinearTF:
				values[j] = 1 + math.Log(values[j])
			}
			if v.idf != nil {
				values[j] *= v.idf[c]
			}
			switch v.Norm {
			case tfidf.L2:
				norm += values[j] * values[j]
			case tfidf.L1:
				norm += math.Abs(values[j])
			}
		}
		if v.Norm == tfidf.L2 {
			norm = math.Sqrt(norm)
		}
		if norm > 0 {
			for j := range values {
				values[j] /= norm
			}
		}
	}
}
