package monitor

import (
	"math/bits"
	"unicode/utf8"

	"tagifai/model"
)

// bins is the number of bins of each histogram but that of the classes.
const bins = 10

// The features of a text that are compared, in the order of [Comparison.Features].
const (
	Class         = "class"
	Confidence    = "confidence"
	UnknownNGrams = "unknown_ngrams"
	Length        = "length"
)

// Counts are what is kept of texts that were predicted: numbers of texts, and no text.
type Counts struct {
	Classes []uint64 // by predicted class
	// Confidence has a bin for each tenth of the highest probability, of (0, 0.1] to
	// (0.9, 1]. It is all zero for a model without probabilities.
	Confidence [bins]uint64

	// What follows is of a sample of the texts, or of all of them.

	// Unknown has a bin for each tenth of the share of a text's n-grams that the
	// vocabulary does not have, of [0, 0.1) to [0.9, 1].
	Unknown [bins]uint64
	// Lengths has texts of less than 16 characters, less than 32 and so on, and of 4096
	// or more.
	Lengths               [bins]uint64
	Sampled               uint64 // texts
	NGrams, UnknownNGrams uint64 // of all of them together
}

// Texts returns the number of texts.
func (c *Counts) Texts() uint64 {
	n := uint64(0)
	for _, texts := range c.Classes {
		n += texts
	}
	return n
}

// UnknownShare returns the share of n-grams that the vocabulary does not have.
func (c *Counts) UnknownShare() float64 {
	if c.NGrams == 0 {
		return 0
	}
	return float64(c.UnknownNGrams) / float64(c.NGrams)
}

// A measure is what is looked at in a sampled text.
type measure struct {
	unknownBin, lengthBin int
	ngrams, unknown       uint64
}

// maxMeasured is how many bytes of a text are looked at for n-grams: those of a longer one
// are as unknown as those of its beginning.
const maxMeasured = 4096

func measureText(m *model.Model, text string) measure {
	head := text
	if len(head) > maxMeasured {
		end := maxMeasured
		for end > maxMeasured-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		head = text[:end]
	}
	known, all := m.Known(head)
	return measured(text, known, all)
}

// measured returns the measure of a text with so many n-grams.
func measured(text string, known, all int) measure {
	unknown := max(0, all-known)
	r := measure{
		lengthBin: min(bins-1, bits.Len(uint(utf8.RuneCountInString(text)>>4))),
		ngrams:    uint64(all),
		unknown:   uint64(unknown),
	}
	if all > 0 {
		r.unknownBin = min(bins-1, bins*unknown/all)
	}
	return r
}

// binOf returns the bin of a confidence, as [tagifai/internal/evaluation.Bin] has it: its upper edge is in
// it.
func binOf(confidence float64) int {
	i := int(confidence * bins)
	if i > 0 && confidence <= edges[i-1] {
		i--
	}
	return min(i, bins-1)
}

// edges are the upper edges of the bins of the confidence.
var edges = func() (e [bins + 1]float64) {
	for i := range e {
		e[i] = float64(i+1) * (1.0 / bins)
	}
	return e
}()
