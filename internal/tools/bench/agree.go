package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"tagifai/internal/server"
	"tagifai/internal/tools/bench/sides"
)

// agree makes sure that this service and the FastAPI service, if it is there, give all
// texts the same tags.
func agree(ctx context.Context, bodies []string, servers []*sides.Server) error {
	if !slices.ContainsFunc(servers, func(s *sides.Server) bool { return s.Name == sides.Gunicorn }) {
		return nil
	}
	for _, body := range bodies {
		ours, err := named(servers, sides.Service).Predict(ctx, body)
		if err != nil {
			return err
		}
		theirs, err := named(servers, sides.Gunicorn).Predict(ctx, body)
		if err != nil {
			return err
		}
		if err := sameTags(ours, theirs); err != nil {
			return err
		}
	}
	return nil
}

// instruct gives the floor this service's answer to a body, to repeat it.
func instruct(ctx context.Context, body string, servers []*sides.Server) error {
	answer, err := named(servers, sides.Service).Predict(ctx, body)
	if err != nil {
		return err
	}
	return named(servers, sides.Floor).Repeat(ctx, answer)
}

func named(servers []*sides.Server, name string) *sides.Server {
	for _, s := range servers {
		if s.Name == name {
			return s
		}
	}
	panic("no server " + name)
}

// sameTags compares two answers of POST /predict.
func sameTags(ours, theirs []byte) error {
	var a, b server.Answer[server.Predictions]
	if err := errors.Join(json.Unmarshal(ours, &a), json.Unmarshal(theirs, &b)); err != nil {
		return err
	}
	x, y := a.Data.Predictions, b.Data.Predictions
	if len(x) != len(y) {
		return fmt.Errorf("%s gives %d predictions, %s %d", sides.Service, len(x), sides.Gunicorn, len(y))
	}
	for i := range x {
		if x[i].InputText != y[i].InputText || x[i].PredictedTag != y[i].PredictedTag {
			return fmt.Errorf("the sides do not do the same work: %s answers %v, %s %v", sides.Service, x[i], sides.Gunicorn, y[i])
		}
	}
	return nil
}
