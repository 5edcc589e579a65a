package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/internal/server"
)

// agree makes sure that this service and the FastAPI service, if it is there, give all
// texts the same tags.
func agree(ctx context.Context, bodies []string, servers []*started) error {
	if !slices.ContainsFunc(servers, func(s *started) bool { return s.name == gunicorn }) {
		return nil
	}
	for _, body := range bodies {
		ours, err := post(ctx, named(servers, service), body)
		if err != nil {
			return err
		}
		theirs, err := post(ctx, named(servers, gunicorn), body)
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
func instruct(ctx context.Context, body string, servers []*started) error {
	answer, err := post(ctx, named(servers, service), body)
	if err != nil {
		return err
	}
	_, err = send(ctx, http.MethodPut, named(servers, bare).url+"/answer", string(answer))
	return err
}

func named(servers []*started, name string) *started {
	for _, s := range servers {
		if s.name == name {
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
		return fmt.Errorf("%s gives %d predictions, %s %d", service, len(x), gunicorn, len(y))
	}
	for i := range x {
		if x[i].InputText != y[i].InputText || x[i].PredictedTag != y[i].PredictedTag {
			return fmt.Errorf("the sides do not do the same work: %s answers %v, %s %v", service, x[i], gunicorn, y[i])
		}
	}
	return nil
}

func post(ctx context.Context, s *started, body string) ([]byte, error) {
	answer, err := send(ctx, http.MethodPost, s.url+"/predict", body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return answer, nil
}

func send(ctx context.Context, method, url, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(answer))
	}
	return answer, err
}
