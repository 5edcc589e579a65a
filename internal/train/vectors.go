package train

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tagifai/model"
)

// Vectors are vectors of single words that were learnt elsewhere. They tell a fit which
// words are alike, and so what to make of words that no row of the data set has.
//
// Let x(w) be the element of word w in a text's vector of the block of words: its tf × idf,
// divided by the norm of the block. While a model is fitted, the text has these columns
// more, where v(w) is the vector of w:
//
//	u = vector_weight × sum over w of x(w) × v(w)
//
// With the coefficients c(w) of the words and C of u, the score of the text has the terms
//
//	sum over w of x(w) × c(w)  +  u · C  =  sum over w of x(w) × (c(w) + vector_weight × v(w) · C)
//
// so the columns of u can be folded into the coefficients of the words, which leaves the
// model as it is without vectors. The words of the file are in the vocabulary from the
// start, with the idf of an n-gram that no text has. The norm of the block counts them, and
// so the equation holds for texts that have such words, too.
type Vectors struct {
	File       string
	SHA256     string // of the file, in hexadecimal
	Dimensions int

	words  []string
	values []float64 // Dimensions numbers for each word
	number map[string]int
}

const (
	maxDimensions    = 4096
	maxVectorNumbers = 1 << 27 // 1 GiB
	maxVectorLine    = 1 << 20 // bytes
)

// ReadVectors reads a text file of word2vec or GloVe, plain or compressed by gzip. Each
// line has a word and its vector; word2vec puts the number of words and of dimensions
// first. Of a word that comes twice, the first line counts. The vectors are centred: the
// mean of all is taken off. Then each is divided by its length.
func ReadVectors(file string) (*Vectors, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v := &Vectors{File: file, number: make(map[string]int)}
	sum := sha256.New()
	raw := bufio.NewReaderSize(io.TeeReader(f, sum), 1<<16)
	var text io.Reader = raw
	if magic, _ := raw.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		text = unzipped
	}
	if err := v.read(text); err != nil {
		return nil, err
	}
	v.SHA256 = hex.EncodeToString(sum.Sum(nil))
	v.center()
	return v, nil
}

func (v *Vectors) read(text io.Reader) error {
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 1<<16), maxVectorLine)
	line, declared := 0, -1 // declared is the number of words that the first line gives
	for lines.Scan() {
		line++
		fields := strings.Fields(lines.Text())
		if line == 1 && len(fields) == 2 {
			words, err := strconv.Atoi(fields[0])
			dimensions, err2 := strconv.Atoi(fields[1])
			if err == nil && err2 == nil && words >= 0 {
				if dimensions < 1 || dimensions > maxDimensions {
					return v.errorf(line, "%d dimensions, must be from 1 to %d", dimensions, maxDimensions)
				}
				declared, v.Dimensions = words, dimensions
				continue
			}
		}
		if err := v.add(fields); err != nil {
			return v.errorf(line, "%w", err)
		}
		declared--
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return v.errorf(line+1, "longer than %d bytes; is this a text file of vectors?", maxVectorLine)
	case err != nil:
		return v.errorf(line+1, "%w", err)
	case len(v.words) == 0:
		return v.errorf(line+1, "no vectors; each line must have a word and its numbers")
	case declared > 0:
		return v.errorf(line, "the file ends %d words before the number in its first line", declared)
	}
	return nil
}

func (v *Vectors) add(fields []string) error {
	if v.Dimensions == 0 {
		v.Dimensions = len(fields) - 1
	}
	if v.Dimensions < 1 || v.Dimensions > maxDimensions {
		return fmt.Errorf("%d fields; a word and from 1 to %d numbers are wanted", len(fields), maxDimensions)
	}
	at := len(fields) - v.Dimensions // GloVe has words with spaces
	if at < 1 {
		return fmt.Errorf("%d fields; a word and %d numbers are wanted", len(fields), v.Dimensions)
	}
	word := strings.Join(fields[:at], " ")
	if !utf8.ValidString(word) {
		return errors.New("the word is not UTF-8; word2vec's binary format has to be converted to text first")
	}
	start := len(v.values)
	for _, field := range fields[at:] {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil || !(math.Abs(x) <= 1e30) {
			return fmt.Errorf("%.40q is not a number of a usual size; a word and %d numbers are wanted", field, v.Dimensions)
		}
		v.values = append(v.values, x)
	}
	if _, twice := v.number[word]; twice {
		v.values = v.values[:start]
		return nil
	}
	if len(v.values) > maxVectorNumbers {
		return fmt.Errorf("more than %d numbers; keep fewer words or dimensions", maxVectorNumbers)
	}
	v.number[word] = len(v.words)
	v.words = append(v.words, word)
	return nil
}

func (v *Vectors) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, slices.Concat([]any{v.File, line}, args)...)
}

// center takes the mean off all vectors, and divides each by its length.
func (v *Vectors) center() {
	mean := make([]float64, v.Dimensions)
	for i := range v.words {
		for d, x := range v.vector(i) {
			mean[d] += x
		}
	}
	for d := range mean {
		mean[d] /= float64(len(v.words))
	}
	for i := range v.words {
		vector := v.vector(i)
		length := 0.0
		for d := range vector {
			vector[d] -= mean[d]
			length += vector[d] * vector[d]
		}
		if length = math.Sqrt(length); length > 0 {
			for d := range vector {
				vector[d] /= length
			}
		}
	}
}

func (v *Vectors) vector(i int) []float64 { return v.values[i*v.Dimensions:][:v.Dimensions] }

// Words returns the number of words.
func (v *Vectors) Words() int { return len(v.words) }

// of returns the words that a block of single words can find in a text.
func (v *Vectors) of(params *model.Vectorizer) []string {
	split, err := params.Splitter()
	if err != nil {
		panic(err) // the parameters are valid
	}
	var found []string
	for _, word := range v.words {
		n, same := 0, false
		for token := range split(word) {
			n++
			same = string(token) == word
		}
		if n == 1 && same {
			found = append(found, word)
		}
	}
	return found
}

// joined are vectors that have joined a block of a union.
type joined struct {
	*Vectors
	block  int
	weight float64
	number []int // of the vector of each column of the block, -1 for none
}

// blockOfWords returns the first block of single words, -1 if there is none.
func blockOfWords(blocks []model.Block) int {
	return slices.IndexFunc(blocks, func(b model.Block) bool {
		return b.Vectorizer.Analyzer == model.Word && b.Vectorizer.NgramMax == 1
	})
}

// sum sets dst to weight × the sum of the vectors of a text's words, each times the
// word's value.
func (j *joined) sum(dst []float64, columns []int32, values []float64) {
	clear(dst)
	for i, c := range columns {
		if n := j.number[c]; n >= 0 {
			x := j.weight * values[i]
			for d, y := range j.vector(n) {
				dst[d] += x * y
			}
		}
	}
}

// fold folds the coefficients of the vectors into those of the words. It takes and returns
// coefficients row by row. The columns of the block begin at first.
func (j *joined) fold(coefficients []float64, features, first int) []float64 {
	var folded []float64
	for row := range slices.Chunk(coefficients, features) {
		words, own := row[:features-j.Dimensions], row[features-j.Dimensions:]
		at := len(folded)
		folded = append(folded, words...)
		for c, n := range j.number {
			if n < 0 {
				continue
			}
			product := 0.0
			for d, y := range j.vector(n) {
				product += y * own[d]
			}
			folded[at+first+c] += j.weight * product
		}
	}
	return folded
}
