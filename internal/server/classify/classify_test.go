package classify_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
	"tagifai/model"
)

// A desk is a classifier of the default model, and what it shares with others.
type desk struct {
	*classify.Classifier
	admission *admission.Admission
	exchanges *exchange.Exchanges
}

var defaultModel = sync.OnceValues(model.Default)

// newDesk returns a desk by the default settings with changes.
func newDesk(tb testing.TB, changes ...func(*config.Settings)) *desk {
	tb.Helper()
	settings := config.Defaults()
	for _, change := range changes {
		change(&settings)
	}
	metrics := prometheus.NewRegistry()
	versions := registry.New(registry.Options{Source: settings.Source, Open: defaultModel, Log: zerolog.Nop(), Metrics: metrics})
	if err := versions.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	d := &desk{
		admission: admission.New(&settings, versions, nil, metrics, zerolog.Nop()),
		exchanges: &exchange.Exchanges{Allowance: memory.NewAllowance(settings.MaxHeldBytes), Closing: func() bool { return false }},
	}
	d.Classifier = classify.New(d.admission, versions, jsonbody.Limits{
		Body: settings.MaxBodyBytes, Items: settings.MaxTexts, Text: settings.MaxTextLength,
	})
	return d
}

// handle has h handle a request, and sees that what it takes is given back.
func (d *desk) handle(tb testing.TB, r *http.Request, h func(*exchange.Exchange, *http.Request) error) (err error) {
	tb.Helper()
	left, taken := d.exchanges.Allowance.Left(), d.places()
	mux := chi.NewRouter()
	mux.Use(d.exchanges.Begin)
	mux.Post("/*", func(w http.ResponseWriter, r *http.Request) { err = h(exchange.Of(w), r) })
	mux.ServeHTTP(httptest.NewRecorder(), r)
	if got := d.exchanges.Allowance.Left(); got != left {
		tb.Errorf("%d bytes are still held", left-got)
	}
	if got := d.places(); got != taken {
		tb.Errorf("%d places are still taken", got-taken)
	}
	return err
}

// places returns how many places of requests are taken.
func (d *desk) places() int { return d.admission.Turns.Taken() + d.admission.Long.Taken() }

func post(body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
}

// read has the payload of a request read.
func (d *desk) read(tb testing.TB, r *http.Request) error {
	tb.Helper()
	return d.handle(tb, r, func(e *exchange.Exchange, r *http.Request) error {
		_, err := d.ReadPayload(e, r)
		return err
	})
}

// gone returns a context whose client has gone.
func gone(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithCancel(tb.Context())
	cancel()
	return ctx
}
