package dataset

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
)

// Vectors are vectors of single words that were learnt elsewhere. They tell a fit which
// words are alike, and so what to make of words that no row of the data set has.
type Vectors struct {
	File       string
	SHA256     string // of the file, in hexadecimal
	Dimensions int
	Words      []string

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
	case len(v.Words) == 0:
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
	v.number[word] = len(v.Words)
	v.Words = append(v.Words, word)
	return nil
}

func (v *Vectors) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, slices.Concat([]any{v.File, line}, args)...)
}

// center takes the mean off all vectors, and divides each by its length.
func (v *Vectors) center() {
	mean := make([]float64, v.Dimensions)
	for i := range v.Words {
		for d, x := range v.Vector(i) {
			mean[d] += x
		}
	}
	for d := range mean {
		mean[d] /= float64(len(v.Words))
	}
	for i := range v.Words {
		vector := v.Vector(i)
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

// Vector returns the vector of word i.
func (v *Vectors) Vector(i int) []float64 { return v.values[i*v.Dimensions:][:v.Dimensions] }

// Find returns the number of a word, -1 if it has no vector.
func (v *Vectors) Find(word string) int {
	if n, ok := v.number[word]; ok {
		return n
	}
	return -1
}
