package main

import (
	"fmt"

	"tagifai/internal/tools/bench/corpus"
	"tagifai/internal/tools/bench/sides"
)

// A shape is what the requests of a group of cells have in them.
type shape struct{ texts, size int }

var (
	shapes      = []shape{{1, 60}, {1, 140}, {2, 60}, {2, 140}, {100, 60}, {100, 140}}
	connections = []int{1, 32, 256} // ascending: each lets the next know what to expect

	// The targets are about this one, and the peers from the Python registry are
	// measured in it and in that of many texts.
	targetShape       = shape{2, 60}
	manyShape         = shape{100, 60}
	targetConnections = 32
)

// cell names a cell of the load.
func (s shape) cell(connections int) string {
	return fmt.Sprintf("%s, %s", s, plural(connections, "connection"))
}

func (s shape) String() string {
	return fmt.Sprintf("%s of %d characters", plural(s.texts, "text"), s.size)
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// A group is the cells of a shape.
type group struct {
	shape
	texts  [][]string          // of each request
	bodies map[string][]string // the requests as each of the sides reads them
	files  map[string]string   // of these
}

func (b *bench) groups(all []sides.Side) ([]group, error) {
	var groups []group
	for _, s := range shapes {
		if b.target && s != targetShape {
			continue
		}
		g, err := b.newGroup(s, all)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	return groups, nil
}

func (b *bench) newGroup(s shape, all []sides.Side) (group, error) {
	count := 500
	if s.texts > 10 {
		count = 50
	}
	g := group{s, b.corpus.Requests(count, s.texts, s.size), make(map[string][]string), make(map[string]string)}
	for i, side := range all {
		var bodies []string
		for _, texts := range g.texts {
			body, err := side.Body(texts)
			if err != nil {
				return group{}, err
			}
			bodies = append(bodies, body)
		}
		file := b.path(fmt.Sprintf("bodies-%d-%d-%d", s.texts, s.size, i))
		if err := corpus.WriteLines(file, bodies); err != nil {
			return group{}, err
		}
		g.bodies[side.Name], g.files[side.Name] = bodies, file
	}
	return g, nil
}
