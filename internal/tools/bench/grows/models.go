package grows

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tagifai/internal/store"
	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/sides"
	"tagifai/model"
)

func models(ctx context.Context, g *growth, a *axis, round int) error {
	if round == 0 {
		if err := g.makeStores(ctx, a); err != nil {
			return err
		}
	}
	for _, point := range alternated(a.points, round) {
		side := g.service("--models", g.made.dirs[point], "--default-model", modelName(0), "--max-models-bytes", fmt.Sprint(64<<30))
		if err := g.first(ctx, a, point, side, g.made.load.body); err != nil {
			return err
		}
		if err := with(ctx, side, func(s *sides.Server) error {
			at := *s
			for i := range point { // the first request loads it
				at.URL = s.URL + "/models/" + modelName(i)
				if _, err := at.Predict(ctx, g.made.load.body); err != nil {
					return err
				}
			}
			return g.measure(ctx, a, point, s, g.path(fmt.Sprint("models-", point)), fewConnections)
		}); err != nil {
			return err
		}
	}
	return nil
}

func modelName(i int) string { return fmt.Sprint("model-", i) }

// makeStores makes a store for each point, and the file of its requests. The models have
// files of their own; the stores share them.
func (g *growth) makeStores(ctx context.Context, a *axis) error {
	var err error
	g.made = made{dirs: make(map[int]string)}
	if g.made.load, err = g.newLoad("models", prose(g.words, 2000, 60), 2); err != nil {
		return err
	}
	bodies, err := os.ReadFile(g.made.load.file)
	if err != nil {
		return err
	}
	most := a.points[len(a.points)-1]
	source, all := g.path("model"), g.path("stores-all")
	if err := os.CopyFS(source, model.DefaultFS()); err != nil {
		return err
	}
	if err := os.Mkdir(all, 0o777); err != nil {
		return err
	}
	st, err := store.Open(all, "", nil)
	if err != nil {
		return err
	}
	if _, err := st.Add(ctx, modelName(0), source, store.Origin{Source: source, Tool: "bench"}); err != nil {
		return err
	}
	if _, err := st.Move(ctx, modelName(0), store.Stable, 1, "bench"); err != nil {
		return err
	}
	for i := 1; i < most; i++ {
		if err := os.CopyFS(filepath.Join(all, modelName(i)), os.DirFS(filepath.Join(all, modelName(0)))); err != nil {
			return err
		}
	}
	for _, n := range a.points {
		g.made.dirs[n] = g.path(fmt.Sprint("stores-", n))
		for i := range n {
			if err := linkAll(filepath.Join(all, modelName(i)), filepath.Join(g.made.dirs[n], modelName(i))); err != nil {
				return err
			}
		}
		var lines []string
		for i, b := range splitLines(bodies) {
			lines = append(lines, fmt.Sprintf("/models/%s/predict %s", modelName(i%n), b))
		}
		if err := corpus.WriteLines(g.path(fmt.Sprint("models-", n)), lines); err != nil {
			return err
		}
	}
	return nil
}

// linkAll makes a directory tree whose files are links to those of another.
func linkAll(from, to string) error {
	tree := os.DirFS(from)
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o777)
		}
		return os.Link(filepath.Join(from, name), filepath.Join(to, name))
	})
}

func splitLines(content []byte) []string {
	return strings.Split(strings.TrimSpace(string(content)), "\n")
}
