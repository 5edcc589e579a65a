package protocols_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/invocations"
	"tagifai/internal/jsonbody"
	"tagifai/internal/memory"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/protocols"
	"tagifai/model"
)

var defaultModel = sync.OnceValues(model.Default)

// both are the handlers of the protocols, of the default model.
type both struct {
	oip       protocols.OIP
	mlflow    protocols.MLflow
	admission *admission.Admission
}

func newBoth(t *testing.T) *both {
	t.Helper()
	settings, metrics := config.Defaults(), prometheus.NewRegistry()
	models := registry.New(registry.Options{Source: settings.Source, Open: defaultModel, Log: zerolog.Nop(), Metrics: metrics})
	if err := models.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := admission.New(&settings, models, nil, metrics, zerolog.Nop())
	c := classify.New(a, models, jsonbody.Limits{Body: 1 << 20, Items: 3, Text: 40})
	return &both{
		oip:       protocols.OIP{Version: "v1", Models: models, Admission: a, Classifier: c},
		mlflow:    protocols.MLflow{Version: "v1", Admission: a, Classifier: c, Invocations: invocations.Reader{}},
		admission: a,
	}
}

// serve has h answer a request to a path of the default model. It returns the answer, or what
// the error is.
func serve(t *testing.T, h exchange.Handler, r *http.Request) (answer string, err error) {
	t.Helper()
	all := &exchange.Exchanges{
		Refusal: func(_ *exchange.Exchange, e error) exchange.Refusal {
			err = e
			return exchange.Refusal{Status: http.StatusBadRequest, Reason: "refused"}
		},
		Rejected:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rejected"}, []string{"reason"}),
		Allowance: memory.NewAllowance(8 << 20),
		Closing:   func() bool { return false },
		Dialects:  []exchange.At{{Path: "/of", Dialect: protocols.OIPDialect{}}},
	}
	mux := chi.NewRouter()
	mux.Use(all.Begin)
	mux.HandleFunc("/of/{name}", exchange.Serve(http.StatusOK, h))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	if left := all.Allowance.Left(); left != 8<<20 {
		t.Errorf("%d bytes are still held", 8<<20-left)
	}
	return w.Body.String(), err
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/of/default", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// The body of a request for the index may be left out, and is small.
func TestIndexRequest(t *testing.T) {
	const index = `[{"name":"default","version":"1","state":"READY","reason":""}]`
	b := newBoth(t)
	tests := []struct{ name, body, want string }{
		{"nothing", "", index},
		{"an empty object", "{}", index},
		{"the ready ones", `{"ready":true}`, index},
		{"other names", `{"other":[1,{}],"ready":false}`, index},
		{"as large as may be", "{}" + strings.Repeat(" ", 4093), index},
		{"too large", "{}" + strings.Repeat(" ", 4094), "http: request body too large"},
		{"a list", "[]", "is a list, not an object"},
		{"a wrong type", `{"ready":"yes"}`, "ready: is a string, not a boolean"},
		{"no UTF-8", "{\"other\":\"\xff\"}", "not JSON at byte 10: invalid UTF-8"},
		{"half", `{"ready":tr`, "the JSON ends too early"},
		{"more", `{} {}`, "more follows the end of the JSON"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := serve(t, b.oip.Index, post(test.body))
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What stands before the texts of a request and is wrong is said without reading them.
func TestHeaders(t *testing.T) {
	b := newBoth(t)
	tests := []struct {
		name          string
		h             exchange.Handler
		header, value string
		want          string
	}{
		{"no length", b.oip.Infer, "Inference-Header-Content-Length", "x", `Inference-Header-Content-Length: is "x", not a number of bytes`},
		{"a length below zero", b.oip.Infer, "Inference-Header-Content-Length", "-1", `Inference-Header-Content-Length: is "-1", not a number of bytes`},
		{"a length beyond all", b.oip.Infer, "Inference-Header-Content-Length", "4294967296", `Inference-Header-Content-Length: is "4294967296", not a number of bytes`},
		{"a long length", b.oip.Infer, "Inference-Header-Content-Length", strings.Repeat("9", 1000), `Inference-Header-Content-Length: is "` + strings.Repeat("9", 40) + `", not a number of bytes`},
		{"a type of others", b.mlflow.Invoke, "Content-Type", "text/plain", protocols.ErrNotMLflow.Error()},
		{"no type", b.mlflow.Invoke, "Content-Type", "", protocols.ErrNotMLflow.Error()},
		{"another charset", b.mlflow.Invoke, "Content-Type", "text/csv; charset=latin1", protocols.ErrNotMLflow.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := post(`{"inputs":["a"]}`)
			r.Header.Set(test.header, test.value)
			if _, err := serve(t, test.h, r); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// A client that is gone gets no answer, and holds nothing.
func TestClientGone(t *testing.T) {
	b := newBoth(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		h    exchange.Handler
		body string
	}{
		{b.oip.Infer, `{"inputs":[{"name":"text","datatype":"BYTES","shape":[1],"data":["a"]}]}`},
		{b.mlflow.Invoke, `{"inputs":["a"]}`},
	} {
		if _, err := serve(t, test.h, post(test.body)); err != nil {
			t.Errorf("of a client that waits: %v", err)
		}
		if answer, err := serve(t, test.h, post(test.body).WithContext(ctx)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %s, %v", answer, err)
		}
	}
}

// A service that is about to stop says so in both protocols, and still answers.
func TestDraining(t *testing.T) {
	b := newBoth(t)
	ready := []exchange.Handler{b.oip.Ready, b.oip.ModelReady, b.mlflow.Ping, b.mlflow.Health}
	for i, h := range ready {
		if _, err := serve(t, h, post("")); err != nil {
			t.Errorf("route %d: %v", i, err)
		}
	}
	b.admission.Drain()
	for i, h := range ready {
		if _, err := serve(t, h, post("")); !errors.Is(err, admission.ErrDraining) {
			t.Errorf("route %d of a service that stops: %v", i, err)
		}
	}
	if got, err := serve(t, b.mlflow.Invoke, post(`{"inputs":["a"]}`)); err != nil || !strings.HasPrefix(got, `{"predictions":[`) {
		t.Errorf("got %s, %v", got, err)
	}
}
