// Package server is the HTTP service around the models of a registry.
//
// To find your way: routes.go lists all routes and all middleware, in order. A route's
// handler, with the types of its body and its answer, is in the file that is named for its
// resource (predict.go, models.go, args.go, …). It returns a value or an error; errors.go
// says which status an error is. server.go starts and stops it all, at the addresses of
// listeners.go.
//
// What the handlers work with are packages below this one, each of which knows only those
// before it:
//
//   - exchange: a request and its answer. It writes values and errors.
//   - middleware: what is done around each request, such as the log.
//   - admission: who may ask, how often, for which version, and when it is their turn.
//   - classify: reads texts, predicts and explains them, and encodes the results.
//   - protocols: the Open Inference Protocol and MLflow's, each with its own handlers.
//
// Package query reads parameters.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/apidocs"
	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/gate"
	"tagifai/internal/invocations"
	"tagifai/internal/jsonbody"
	"tagifai/internal/lookup"
	"tagifai/internal/memory"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/middleware"
	"tagifai/internal/server/protocols"
	"tagifai/internal/sockets"
)

// Options are what a server is made of.
type Options struct {
	Settings config.Settings
	TLS      *tls.Config       // nil to serve plain HTTP
	Sockets  sockets.Inherited // in place of the addresses of the settings
	Versions Versions
	Table    *lookup.Table        // nil if none is served
	Guard    *auth.Guard          // nil if everybody may do everything
	Version  string               // of the service, for the log, the metrics and /docs
	Metrics  *prometheus.Registry // which the server adds its own to, and shows at /metrics
	Log      zerolog.Logger       // which adds no time to its lines; the server does
}

// A Server serves predictions. Make it with [New].
type Server struct {
	settings config.Settings
	build    string // the version of the service
	log      zerolog.Logger
	access   zerolog.Logger // for a line for each request
	metrics  *prometheus.Registry

	versions   Versions
	exchanges  *exchange.Exchanges
	admission  *admission.Admission
	classifier *classify.Classifier
	oip        *protocols.OIP
	mlflow     *protocols.MLflow
	stored     *stored // nil if no table of predictions is served

	aliasPayload  *jsonbody.Reader[AliasPayload]
	canaryPayload *jsonbody.Reader[CanaryPayload]

	docs    map[string]http.Handler // by path
	openAPI apidocs.Description
	cors    func(http.Handler) http.Handler
	observe func(http.Handler) http.Handler // measures requests
	mux     *chi.Mux

	public, admin *sockets.Listener // admin is nil if there is none
	streams       *sockets.Streams  // nil without HTTP/2
}

// New returns a server that does not listen yet.
func New(options Options) *Server {
	settings := options.Settings
	if admin := options.Sockets.Admin; admin != nil {
		settings.AdminAddr = admin.Addr().String()
	}
	s := &Server{
		settings:      settings,
		build:         options.Version,
		log:           options.Log.With().Timestamp().Logger(),
		access:        options.Log,
		metrics:       options.Metrics,
		versions:      options.Versions,
		stored:        newStored(options.Table, &settings, options.Metrics),
		aliasPayload:  jsonbody.New[AliasPayload](jsonbody.Limits{Body: maxMoveBytes, Items: 1}),
		canaryPayload: jsonbody.New[CanaryPayload](jsonbody.Limits{Body: maxMoveBytes, Items: 1}),
		docs:          apidocs.Files(options.Version),
		openAPI:       apidocs.NewDescription(),
		cors:          middleware.CORS(settings.CORSOrigins),
		observe:       middleware.Metrics(options.Metrics),
	}
	s.admission = admission.New(&settings, options.Versions, options.Guard, options.Metrics, s.log)
	s.classifier = classify.New(s.admission, options.Versions, jsonbody.Limits{
		Body: settings.MaxBodyBytes, Items: settings.MaxTexts, Text: settings.MaxTextLength,
	})
	s.oip = &protocols.OIP{Version: s.build, Models: options.Versions, Admission: s.admission, Classifier: s.classifier}
	s.mlflow = &protocols.MLflow{
		Version: s.build, Admission: s.admission, Classifier: s.classifier,
		Invocations: invocations.Reader{Column: settings.MLflowColumn},
	}
	registerProcess(options.Metrics, options.Version)
	cutOff := newCutOff(options.Metrics)
	s.exchanges = &exchange.Exchanges{
		Dialects:    otherDialects(),
		Refusal:     s.refusalOf,
		Rejected:    newRejected(options.Metrics),
		Allowance:   memory.NewAllowance(settings.MaxHeldBytes),
		Log:         s.log,
		Pace:        sockets.PaceOf(settings.Limits),
		ReadTimeout: settings.ReadTimeout,
		LingerBytes: 4 * settings.MaxBodyBytes,
		Slices:      gate.Slices{Weight: .25}, // small requests do not wait for long answers
		// While the service stops, or has few connections left, clients are to ask another.
		Closing: func() bool { return s.admission.Draining() != nil || s.public.Scarce() },
	}
	if options.TLS != nil || settings.H2C {
		s.streams = sockets.NewStreams(settings.Limits, settings.WriteTimeout, cutOff.Inc)
	}
	s.mux = s.routes(settings.AdminAddr == "")
	s.makeListeners(options, cutOff.Inc)
	return s
}

// Idle reports whether at least half of the processors have nothing to do, so that a
// request that comes now finds one.
func (s *Server) Idle() bool { return s.admission.Idle() }

// Handler returns the whole service without its listener.
func (s *Server) Handler() http.Handler { return s.mux }

// ErrAtOnce makes [Server.Run] skip the drain delay if it is the cause of its context's
// end.
var ErrAtOnce = errors.New("stop at once")

// Run listens, if [Server.Listen] has not done so, and serves until ctx ends. Then it
// reports that it is not ready, goes on serving for the drain delay, stops accepting
// connections, and waits for the requests in flight. It returns nil if they all finish
// in time. A server runs only once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	listeners := s.listeners()
	for _, l := range listeners {
		go l.Serve()
	}
	serving := s.log.Info().Str("version", s.build).Str("addr", s.Addr())
	var adminFailed <-chan error // never, if there is none
	if s.admin != nil {
		adminFailed = s.admin.Failed()
		serving.Str("admin_addr", s.AdminAddr())
	}
	if s.streams != nil {
		serving.Bool("tls", true)
	}
	serving.Msg("serving")

	select {
	case err := <-s.public.Failed():
		return fmt.Errorf("server: %w", err)
	case err := <-adminFailed:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	s.admission.Drain()
	if delay := s.settings.DrainDelay; delay > 0 && !errors.Is(context.Cause(ctx), ErrAtOnce) {
		s.log.Info().Dur("for_ms", delay).Msg("not ready any more")
		time.Sleep(delay)
	}
	s.log.Info().Dur("within_ms", s.settings.DrainTimeout).Msg("stopping")
	// ctx is over; the drain has a clock of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.DrainTimeout)
	defer cancel()
	var err error
	for _, l := range listeners { // the admin's last: it can tell how the other's end goes
		if stopped := l.Stop(drain); stopped != nil {
			err = errors.Join(err, fmt.Errorf("server: after %s: %w", s.settings.DrainTimeout, stopped))
		}
	}
	return err
}
