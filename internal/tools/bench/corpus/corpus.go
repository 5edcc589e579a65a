// Package corpus cuts the texts of a benchmark from a labelled file.
package corpus

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"tagifai/internal/dataset"
)

// A Corpus is the data that all texts of a run come from.
type Corpus struct {
	Texts []string // of all rows, on one line each

	data  *dataset.Dataset
	words []string // of all rows, one after the other
}

// Read reads a labelled file, as tagifai train does.
func Read(file string) (*Corpus, error) {
	data, err := dataset.Read(file)
	if err != nil {
		return nil, err
	}
	c := &Corpus{data: data}
	for _, row := range data.Rows {
		words := strings.Fields(row.Text)
		c.words = append(c.words, words...)
		c.Texts = append(c.Texts, strings.Join(words, " "))
	}
	const fewest = 50 // words, lest texts of 140 characters be all the same
	if len(c.words) < fewest {
		return nil, fmt.Errorf("%s: %d words in all, at least %d are wanted", file, len(c.words), fewest)
	}
	return c, nil
}

// Cut returns so many texts of about that many bytes, cut from the data between words;
// behind the last word comes the first again. They begin all over the data, and are
// different until there is one for each word.
func (c *Corpus) Cut(count, size int) []string {
	const stride = 7919 // prime, so that it comes by every word
	const over = 4      // half a word: the mean is the size asked for
	texts := make([]string, count)
	for i := range texts {
		next := i * stride
		text := c.word(next)
		for next++; len(text)+1+len(c.word(next)) <= size+over; next++ {
			text += " " + c.word(next)
		}
		texts[i] = text
	}
	return texts
}

func (c *Corpus) word(i int) string { return c.words[i%len(c.words)] }

// Requests returns the texts of so many requests, of so many texts of about that size.
func (c *Corpus) Requests(count, texts, size int) [][]string {
	return slices.Collect(slices.Chunk(c.Cut(count*texts, size), texts))
}

// Lines returns so many lines, the texts of all rows again and again.
func (c *Corpus) Lines(count int) []string {
	lines := make([]string, count)
	for i := range lines {
		lines[i] = c.Texts[i%len(c.Texts)]
	}
	return lines
}

// Labelled returns the data as fastText reads it.
func (c *Corpus) Labelled() []string {
	lines := make([]string, len(c.Texts))
	for i, text := range c.Texts {
		lines[i] = "__label__" + strings.Join(strings.Fields(c.data.Rows[i].Tag), "-") + " " + text
	}
	return lines
}

// WriteLines writes a file with these lines.
func WriteLines(file string, lines []string) error {
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o666)
}

// MeanLength returns the characters of a text on average.
func MeanLength(texts []string) int {
	sum := 0
	for _, text := range texts {
		sum += len([]rune(text))
	}
	return sum / len(texts)
}
