package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tagifai/internal/store"
	"tagifai/internal/tools/soak/load"
)

const (
	manyModels   = 1000
	manyVersions = 3
)

// many serves a thousand models of three versions each.
func many(ctx context.Context, s *settings, r *report) error {
	first, _, _, err := writeModels(ctx, s)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "many")
	if _, err := makeStore(ctx, dir, first); err != nil {
		return err
	}
	if err := multiply(filepath.Join(dir, "soak"), dir); err != nil {
		return err
	}
	service, err := manyAtRest(ctx, s, r, first, dir)
	if err != nil {
		return err
	}
	defer service.Kill()
	if err := listMany(ctx, r, service); err != nil {
		return err
	}
	return predictByMany(r, service)
}

// manyAtRest starts a service of the models in dir, beside which it looks at one of the model
// alone.
func manyAtRest(ctx context.Context, s *settings, r *report, alone, dir string) (*service, error) {
	start := func(args ...string) (started *service, took time.Duration, err error) {
		begin := time.Now()
		started, err = startService(ctx, s, args...)
		return started, time.Since(begin), err
	}
	one, oneTook, err := start("--model", alone)
	if err != nil {
		return nil, err
	}
	const settling = 2 * time.Second // for what is to be loaded, and given back
	time.Sleep(settling)
	oneResident, err := one.Memory()
	one.Kill()
	if err != nil {
		return nil, err
	}
	all, took, err := start("--models", dir, "--default-model", "soak")
	if err != nil {
		return nil, err
	}
	time.Sleep(settling)
	resident, err := all.Memory()
	if err != nil {
		all.Kill()
		return nil, err
	}
	m, err := all.metrics(ctx)
	if err != nil {
		all.Kill()
		return nil, err
	}
	loaded := 0
	for name := range m {
		if strings.HasPrefix(name, "tagifai_model_bytes{") {
			loaded++
		}
	}
	r.claim("the start loads one version", fmt.Sprintf("%d loaded; ready after %s, of one model without a store %s", loaded, round(took), round(oneTook)), "1", loaded == 1)
	r.claim("memory at rest is that of one model", fmt.Sprintf("%s, of one model without a store %s", megabytes(resident), megabytes(oneResident)), "10 MB more", resident-oneResident < 10e6)
	return all, nil
}

// someRequests is how many requests a median is of.
const someRequests = 20

// medianOf returns the median time of some requests.
func medianOf(request func(i int) error) (time.Duration, error) {
	var took []time.Duration
	for i := range someRequests {
		begin := time.Now()
		if err := request(i); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begin))
	}
	return load.Median(took), nil
}

// listMany has the models listed.
func listMany(ctx context.Context, r *report, service *service) error {
	get := func(path string) func(int) error {
		return func(int) error {
			status, body, err := ask(ctx, http.MethodGet, "http://"+service.addr+path)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("GET %s: %d: %.200s", path, status, body)
			}
			return err
		}
	}
	page, err := medianOf(get("/models"))
	if err != nil {
		return err
	}
	all, err := medianOf(get("/models?limit=1000"))
	if err != nil {
		return err
	}
	r.claim("GET /models answers in milliseconds", fmt.Sprintf("a page of 100 in %s, all 1,000 in %s, medians of %d", round(page), round(all), someRequests), "50 ms a page", page < 50*time.Millisecond)
	return nil
}

// predictByMany asks some versions for a prediction twice, and then all models.
func predictByMany(r *report, service *service) error {
	c, err := load.Dial(service.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	body := payload(writeTexts(1, 60))
	predict := func(i int) error {
		a, err := c.Do(load.Post(fmt.Sprintf("/models/model-%d/versions/2/predict", i), body))
		if err == nil && a.Status != http.StatusOK {
			err = fmt.Errorf("%d: %.200s", a.Status, a.Body)
		}
		return err
	}
	cold, err := medianOf(predict)
	if err != nil {
		return err
	}
	warm, err := medianOf(predict)
	if err != nil {
		return err
	}
	r.claim("the first prediction of a version loads it, the second does not", fmt.Sprintf("%s and %s, medians of %d versions", round(cold), round(warm), someRequests), "warm within 5 ms", warm < 5*time.Millisecond)
	for i := range manyModels - 1 { // more than there is room for
		if err := predict(i); err != nil {
			return err
		}
	}
	peak, err := service.Memory()
	if err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // until the garbage of the loads is given back
	resident, err := service.Memory()
	if err != nil {
		return err
	}
	r.claim("a thousand versions that were asked for take no more memory than max-models-bytes", fmt.Sprintf("%s after it, %s three seconds later, of 268 MB for models", megabytes(peak), megabytes(resident)), "400 MB", resident < 400e6)
	return nil
}

// multiply makes a thousand models of the one version of a model. Their files are links to
// the same content, as the disk need not hold it three thousand times.
func multiply(from, to string) error {
	version := filepath.Join(from, "versions", "1")
	entries, err := os.ReadDir(version)
	if err != nil {
		return err
	}
	link := func(model string, number int) error {
		dir := filepath.Join(model, "versions", fmt.Sprint(number))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		for _, entry := range entries {
			if err := os.Link(filepath.Join(version, entry.Name()), filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range manyModels - 1 {
		model := filepath.Join(to, fmt.Sprint("model-", i))
		for number := range manyVersions {
			if err := link(model, number+1); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(model, "aliases.json"), fmt.Appendf(nil, `{"aliases":{%q:1}}`, store.Stable), 0o600); err != nil {
			return err
		}
	}
	for number := 2; number <= manyVersions; number++ {
		if err := link(from, number); err != nil {
			return err
		}
	}
	return nil
}
