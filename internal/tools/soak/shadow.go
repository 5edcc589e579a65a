package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"tagifai/internal/store"
	"tagifai/internal/tools/soak/load"
)

// shadow compares what requests take with a shadow and without one, in turn.
func shadow(ctx context.Context, s *settings, r *report) error {
	first, second, _, err := writeModels(ctx, s)
	if err != nil {
		return err
	}
	dir := filepath.Join(s.dir, "store")
	st, err := makeStore(ctx, dir, first, second)
	if err != nil {
		return err
	}
	service, err := startService(ctx, s, "--models", dir)
	if err != nil {
		return err
	}
	defer service.Kill()
	l := load.Load{
		Addr:    service.addr,
		Request: load.Post("/predict", payload(writeTexts(20, 140))),
		Right:   func([]byte) bool { return true },
		Conns:   8,
		Rate:    1000,
	}
	var p50, p99 [2][]time.Duration
	var more []time.Duration // of p99 in the same round: others may use the machine too
	failed := 0
	for range 8 {
		for on, shadow := range []*store.Shadow{nil, {Version: 2}} {
			if _, err := st.SetShadow(ctx, "soak", shadow, "soak"); err != nil {
				return err
			}
			// To load the shadow is not what is measured.
			status, body, err := ask(ctx, http.MethodPost, "http://"+service.admin+"/reload")
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("POST /reload: %d: %s", status, body)
			}
			if err != nil {
				return err
			}
			t, _, err := service.measured(ctx, l, s.phase(6*time.Second))
			if err != nil {
				return err
			}
			took := t.Latencies(http.StatusOK, s.phase(time.Second))
			p50[on], p99[on] = append(p50[on], took.At(.5)), append(p99[on], took.At(.99))
			failed += t.Others(http.StatusOK)
		}
		more = append(more, p99[1][len(more)]-p99[0][len(more)])
	}
	m, err := service.metrics(ctx)
	if err != nil {
		return err
	}
	compared, dropped := 0.0, m[`tagifai_shadow_dropped_texts_total{model="soak",version="2"}`]
	for _, agreement := range []string{"same", "different"} {
		compared += m[fmt.Sprintf(`tagifai_shadow_texts_total{agreement=%q,model="soak",version="2"}`, agreement)]
	}
	without, cost := load.Median(p99[0]), load.Median(more)
	// A quick run has too few requests to know their p99 to a tenth.
	bound, most := "10 %", without/10
	if s.quick {
		bound, most = "10 % or 0.1 ms", max(most, 100*time.Microsecond)
	}
	r.note("texts that the shadow predicted, and that were dropped", fmt.Sprintf("%.0f, %.0f", compared, dropped))
	r.claim("a shadow costs the caller no time", fmt.Sprintf("%.0f requests a second: p99 %s more with one, of %s without (%+.1f %%); p50 %s with, %s without; %d failed",
		l.Rate, cost.Round(time.Microsecond), round(without), 100*float64(cost)/float64(without), round(load.Median(p50[1])), round(load.Median(p50[0])), failed),
		bound, cost <= most && failed == 0 && compared > 0)
	return nil
}
