package sides

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tagifai/internal/tools/process"
)

// Repeat gives a floor the answer to repeat.
func (s *Server) Repeat(ctx context.Context, answer []byte) error {
	_, err := send(ctx, http.MethodPut, s.URL+"/answer", string(answer))
	return err
}

// Predict posts a body to the path of predictions and returns the answer.
func (s *Server) Predict(ctx context.Context, body string) ([]byte, error) {
	answer, err := send(ctx, http.MethodPost, s.URL+s.Path(), body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
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

// FirstAnswer starts a side, asks until it answers 200, and stops it. Without a body it
// asks for the side's health, else for a prediction. It returns the time from exec to
// the answer, and the answer.
func FirstAnswer(ctx context.Context, s Side, body string) (took time.Duration, answer []byte, err error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	begin := time.Now()
	p, err := process.Start(ctx, s.Command(ctx, addr))
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	defer p.Kill()
	method, url := http.MethodGet, "http://"+addr+cmp.Or(s.Health, "/")
	if body != "" {
		method, url = http.MethodPost, "http://"+addr+s.Path()
	}
	for {
		if answer, err = send(ctx, method, url, body); err == nil {
			return time.Since(begin), answer, nil
		}
		select {
		case <-p.Done():
			return 0, nil, fmt.Errorf("%s has ended before it answered: %s", s.Name, p.Stderr())
		case <-ctx.Done():
			return 0, nil, fmt.Errorf("%s: no 200: %w; stderr: %s", s.Name, err, p.Stderr())
		case <-time.After(500 * time.Microsecond):
		}
	}
}
