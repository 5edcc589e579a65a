package grows

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

// made is what an axis makes in its first round for all.
type made struct {
	dirs  map[int]string  // artifact directory, or store, of a point
	found map[int]float64 // n-grams of a text that the model knows
	load  load
}

var within = model.Vectorizer{Analyzer: model.CharWB, NgramMin: 2, NgramMax: 7, Lowercase: true, Norm: model.L2, UseIDF: true, SublinearTF: true}

func ngrams(ctx context.Context, g *growth, a *axis, round int) error {
	if round == 0 {
		if err := g.makeVocabularies(a); err != nil {
			return err
		}
	}
	for _, point := range alternated(a.points, round) {
		side := g.service("--model", g.made.dirs[point])
		if err := g.first(ctx, a, point, side, g.made.load.body); err != nil {
			return err
		}
		g.add(a, point, side.Name, found, g.made.found[point])
		if err := with(ctx, side, func(s *sides.Server) error {
			return g.measure(ctx, a, point, s, g.made.load.file, fewConnections)
		}); err != nil {
			return err
		}
	}
	return nil
}

// first notes the time from exec to the first prediction.
func (g *growth) first(ctx context.Context, a *axis, point int, side sides.Side, body string) error {
	took, _, err := sides.FirstAnswer(ctx, side, body)
	if err == nil {
		g.add(a, point, side.Name, start, took.Seconds()*1e3)
	}
	return err
}

// makeVocabularies writes an artifact directory for each point.
func (g *growth) makeVocabularies(a *axis) error {
	words := lexicon(1_000_000)
	all := frequentNGrams(words)
	if most := a.points[len(a.points)-1]; most > len(all) {
		return fmt.Errorf("the words have %d n-grams, %d are wanted", len(all), most)
	}
	random := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(random, 1.1, 4, uint64(len(words)-1))
	said := make([]string, 200_000)
	for i := range said {
		said[i] = words[zipf.Uint64()]
	}
	texts := prose(said, 5000, 140)
	g.made = made{dirs: make(map[int]string), found: make(map[int]float64)}
	var err error
	if g.made.load, err = g.newLoad("ngrams", texts, 100); err != nil {
		return err
	}
	for _, n := range a.points {
		artifact := randomModel(all[:n])
		m, err := model.New(artifact)
		if err != nil {
			return err
		}
		sum := 0
		for _, text := range texts {
			known, _ := m.Known(text)
			sum += known
		}
		g.made.found[n] = float64(sum) / float64(len(texts))
		g.made.dirs[n] = g.path(fmt.Sprint("ngrams-", n))
		if err := artifact.Write(g.made.dirs[n], nil); err != nil {
			return err
		}
	}
	return nil
}

// lexicon returns n made-up words of three to five syllables.
func lexicon(n int) []string {
	random := rand.New(rand.NewPCG(2, 2))
	pick := func(letters string) byte { // the first ones more often
		return letters[int(random.Float64()*random.Float64()*float64(len(letters)))]
	}
	words := make([]string, n)
	for i := range words {
		var word []byte
		for range 3 + random.IntN(3) {
			word = append(word, pick("tnsrldcmpfgbvhkwyzxjq"), pick("eaiouytrnlshmdk"))
			if random.IntN(2) == 0 {
				word = append(word, pick("nsrtldmcp"))
			}
		}
		words[i] = string(word)
	}
	return words
}

// frequentNGrams returns the n-grams of words, of which the first are the most frequent;
// so are the first of the n-grams.
func frequentNGrams(words []string) []string {
	frequencies := make(map[string]float64)
	for rank, word := range words {
		for ngram := range within.NGrams(word) {
			frequencies[string(ngram)] += 1 / float64(rank+4)
		}
	}
	ngrams := make([]string, 0, len(frequencies))
	for ngram := range frequencies {
		ngrams = append(ngrams, ngram)
	}
	slices.SortFunc(ngrams, func(a, b string) int {
		return cmp.Or(cmp.Compare(frequencies[b], frequencies[a]), cmp.Compare(a, b))
	})
	return ngrams
}

// randomModel returns a model of n-grams whose weights are random.
func randomModel(ngrams []string) *model.Artifact {
	random := rand.New(rand.NewPCG(3, 3))
	classes := []string{"a", "b", "c", "d"}
	w := &model.Weights{
		Blocks:       []model.Block{{Vectorizer: within, Weight: 1, NGrams: slices.Sorted(slices.Values(ngrams))}},
		Norm:         model.NoNorm,
		Links:        []model.Link{{Loss: model.LogLoss, Weight: 1}},
		Classes:      classes,
		Coefficients: make([]float64, len(classes)*len(ngrams)),
		Intercepts:   make([]float64, len(classes)),
	}
	for range ngrams {
		w.Blocks[0].IDF = append(w.Blocks[0].IDF, 1+5*random.Float64())
	}
	for i := range w.Coefficients {
		w.Coefficients[i] = random.NormFloat64()
	}
	return &model.Artifact{Weights: w}
}
