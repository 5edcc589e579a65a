package grows

import (
	"context"
	"fmt"
	"strings"

	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/lexicon"
	"tagifai/model"
)

// made is what an axis makes in its first round for all.
type made struct {
	dirs  map[int]string  // artifact directory, or store, of a point
	found map[int]float64 // n-grams of a text that the model knows
	load  load
}

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
	words, v := lexicon.Words(1_000_000), lexicon.Vectorizer(7)
	all := lexicon.NGrams(v, words)
	if most := a.points[len(a.points)-1]; most > len(all) {
		return fmt.Errorf("the words have %d n-grams, %d are wanted", len(all), most)
	}
	texts := prose(strings.Fields(lexicon.Prose(words, 2_000_000)), 5000, 140)
	g.made = made{dirs: make(map[int]string), found: make(map[int]float64)}
	var err error
	if g.made.load, err = g.newLoad("ngrams", texts, 100); err != nil {
		return err
	}
	for _, n := range a.points {
		artifact := &model.Artifact{Weights: lexicon.Weights(v, all[:n])}
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
