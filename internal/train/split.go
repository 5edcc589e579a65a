package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"tagifai/internal/dataset"
	"tagifai/internal/recipe"
	"tagifai/model/tfidf"
)

// samples are the rows of a data set that a run uses, with encoded labels.
type samples struct {
	texts   []string
	labels  []int               // index of the class of each text
	lines   []int               // of the file
	weights []float64           // of each text in training
	parts   []map[string]string // of each text: by column, if it is made of several
	created []time.Time         // of each text, zero if unknown
	indices []int               // of each text in the whole that this is a part of
	classes []string
	first   int              // of documents: how many are no extra ones
	also    *samples         // extra ones, for training alone; nil if there are none
	vectors *dataset.Vectors // of words; nil if there are none
	folded  Folded
}

func (s *samples) add(text string, label, line int, weight float64, parts map[string]string) {
	s.texts = append(s.texts, text)
	s.labels = append(s.labels, label)
	s.lines = append(s.lines, line)
	s.weights = append(s.weights, weight)
	s.parts = append(s.parts, parts)
}

// label applies subset, accepted_tags and min_freq to the data set and encodes the
// tags.
func label(d *dataset.Dataset, args *recipe.Args, rng *rand.Rand) (*samples, error) {
	rows := slices.Clone(d.Rows)
	if args.Shuffle {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	if args.Subset != nil && *args.Subset < len(rows) {
		rows = rows[:*args.Subset]
	}
	if d.Vectors != nil && blockOfWords(args.AllBlocks()) < 0 {
		return nil, fmt.Errorf("%s: the arguments have no block of single words for the vectors to join; add one to blocks, with analyzer %q", d.Vectors.File, tfidf.Word)
	}
	n := len(rows)
	for _, also := range d.Also {
		rows = append(rows, also.Rows...)
	}
	folded, err := fold(rows, args)
	if err != nil {
		return nil, d.Errorf(1, "%w", err)
	}
	s := &samples{folded: folded, vectors: d.Vectors}
	for _, row := range rows {
		s.classes = append(s.classes, row.Tag)
	}
	slices.Sort(s.classes)
	s.classes = slices.Compact(s.classes)
	if n < len(rows) {
		s.also = &samples{classes: s.classes}
	}
	for i, row := range rows {
		to := s
		if i >= n {
			to = s.also
		}
		class, _ := slices.BinarySearch(s.classes, row.Tag)
		to.add(row.Text, class, row.Line, row.Weight, row.Parts)
		to.created = append(to.created, row.Created)
	}
	if !slices.ContainsFunc(s.weights, func(w float64) bool { return w > 0 }) {
		return nil, d.Errorf(1, "every row has weight 0, and would teach nothing")
	}
	s.indices = sequence(n)
	return s, s.checkSizes(d, smallestClass)
}

// checkSizes makes sure that every class has enough samples to be split into so many
// parts.
func (s *samples) checkSizes(d *dataset.Dataset, parts int) error {
	class, of := s.tooRare(parts)
	if class < 0 {
		return nil
	}
	line := 1
	if len(of) > 0 {
		line = s.lines[of[0]]
	}
	return d.Errorf(line, "class %q has %d rows here, too few to split; give it at least %d, or change accepted_tags or min_freq",
		s.classes[class], len(of), parts)
}

// tooRare returns a class with fewer samples than parts, and the samples. The class is -1
// if there is none.
func (s *samples) tooRare(parts int) (class int, of []int) {
	for class, of := range s.byClass(false, nil) {
		if len(of) == 0 && s.also != nil && slices.Contains(s.also.labels, class) {
			continue // only training knows the class
		}
		if len(of) < parts {
			return class, of
		}
	}
	return -1, nil
}

// smallestClass is the number of rows that a class needs to have one in each part.
const smallestClass = 3

// at returns the samples with these indices.
func (s *samples) at(indices []int) *samples {
	part := &samples{classes: s.classes, also: s.also, vectors: s.vectors}
	for _, i := range indices {
		part.add(s.texts[i], s.labels[i], s.lines[i], s.weights[i], s.parts[i])
		part.created = append(part.created, s.created[i])
		part.indices = append(part.indices, s.indices[i])
	}
	return part
}

// without returns all samples except those with these indices, which are sorted.
func (s *samples) without(indices []int) *samples {
	var rest []int
	for i := range s.labels {
		if _, found := slices.BinarySearch(indices, i); !found {
			rest = append(rest, i)
		}
	}
	return s.at(rest)
}

// byClass returns the indices of the samples of each class, shuffled if shuffle is
// set.
func (s *samples) byClass(shuffle bool, rng *rand.Rand) [][]int {
	indices := make([][]int, len(s.classes))
	for i, label := range s.labels {
		indices[label] = append(indices[label], i)
	}
	if shuffle {
		for _, of := range indices {
			rng.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		}
	}
	return indices
}

// split splits the samples of each class into parts of about the given shares. Every
// part but the first has at least one sample of each class; the first has the rest. A
// part keeps the order of the samples.
func (s *samples) split(shares []float64, shuffle bool, rng *rand.Rand) []*samples {
	parts := make([][]int, len(shares))
	for _, of := range s.byClass(shuffle, rng) {
		end := len(of)
		for p := len(shares) - 1; p > 0; p-- {
			start := max(0, end-max(1, int(math.Round(shares[p]*float64(len(of))))))
			parts[p] = append(parts[p], of[start:end]...)
			end = start
		}
		parts[0] = append(parts[0], of[:end]...)
	}
	collected := make([]*samples, len(parts))
	for p, indices := range parts {
		slices.Sort(indices)
		collected[p] = s.at(indices)
	}
	return collected
}

// folds distributes the samples of each class evenly over k parts.
func (s *samples) folds(k int, shuffle bool, rng *rand.Rand) [][]int {
	parts := make([][]int, k)
	dealt := 0
	for _, of := range s.byClass(shuffle, rng) {
		for _, i := range of {
			parts[dealt%k] = append(parts[dealt%k], i)
			dealt++
		}
	}
	for _, part := range parts {
		slices.Sort(part)
	}
	return parts
}

// oversample returns the indices of all samples and, for each class that is smaller
// than the largest, random repetitions to make up the difference.
func (s *samples) oversample(rng *rand.Rand) []int {
	byClass := s.byClass(false, nil)
	most := 0
	for _, of := range byClass {
		most = max(most, len(of))
	}
	indices := sequence(len(s.labels))
	for _, of := range byClass {
		for range most - len(of) {
			indices = append(indices, of[rng.IntN(len(of))])
		}
	}
	return indices
}

// sequence returns the numbers 0 to n-1.
func sequence(n int) []int {
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	return indices
}
