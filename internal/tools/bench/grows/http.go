package grows

import (
	"context"
	"fmt"

	"tagifai/internal/tools/bench/sides"
	"tagifai/internal/tools/bench/stats"
)

// besideFloor measures the points of an axis on the service and the floor, in turn. Each
// point has servers of its own: memory that one has taken would be in the next.
func (g *growth) besideFloor(ctx context.Context, a *axis, round int, loadOf func(point int) (load, int, error)) error {
	for i, point := range alternated(a.points, round) {
		l, connections, err := loadOf(point)
		if err != nil {
			return err
		}
		if err := with(ctx, g.service(), func(service *sides.Server) error {
			return with(ctx, sides.NewFloor(), func(floor *sides.Server) error {
				answer, err := service.Predict(ctx, l.body)
				if err != nil {
					return err
				}
				if err := floor.Repeat(ctx, answer); err != nil {
					return err
				}
				for _, s := range stats.Rotated([]*sides.Server{service, floor}, round+i) {
					if err := g.measure(ctx, a, point, s, l.file, connections); err != nil {
						return err
					}
				}
				return nil
			})
		}); err != nil {
			return err
		}
	}
	return nil
}

const fewConnections = 8 // as many as two processors work on at once

func connections(ctx context.Context, g *growth, a *axis, round int) error {
	l, err := g.newLoad("connections", prose(g.words, 1000, 60), 2)
	if err != nil {
		return err
	}
	return g.besideFloor(ctx, a, round, func(point int) (load, int, error) { return l, point, nil })
}

func texts(ctx context.Context, g *growth, a *axis, round int) error {
	return g.besideFloor(ctx, a, round, func(point int) (load, int, error) {
		l, err := g.newLoad(fmt.Sprint("texts-", point), prose(g.words, max(4*point, 1000), 60), point)
		return l, fewConnections, err
	})
}

func length(ctx context.Context, g *growth, a *axis, round int) error {
	const total = 10_000_000 // bytes of all bodies
	return g.besideFloor(ctx, a, round, func(point int) (load, int, error) {
		l, err := g.newLoad(fmt.Sprint("length-", point), prose(g.words, min(1000, total/point), point), 1)
		return l, fewConnections, err
	})
}
