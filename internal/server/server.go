// Package server is the HTTP service around a [model.Model].
package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"tagifai/internal/jsonbody"
	"tagifai/model"
)

// Options say what to serve, where, and within which limits. Addr and Load are
// needed; a limit that is zero has the default named beside it.
type Options struct {
	Addr string // host:port; port 0 takes a free one
	// AdminAddr is where those who operate the service find its metrics, profiles and
	// a way to reload the model. Without it the metrics are at Addr, and the rest nowhere.
	AdminAddr string
	Load      func() (*model.Model, error) // loads the model, at first and for each reload
	Log       zerolog.Logger               // which adds no time to its lines; the server does
	LogProbes bool                         // whether the log has a line for each request to /livez, /readyz and /metrics

	MaxBody   int64 // bytes of a request body: 8 MiB
	MaxTexts  int   // items in a list of a request body: 10,000
	MaxText   int   // characters of a text: as many as a body has room for
	MaxHeader int   // bytes of a request's header: 64 KiB

	MaxInFlight  int           // requests that are worked on at once: four for each processor
	MaxQueued    int           // requests that wait for their turn: 256; -1 is none
	MaxQueueWait time.Duration // for their turn: 50 ms
	MaxHeldBytes int64         // bytes of all request bodies together: 32 MiB

	// RootPath is the path, such as /tagger, that clients put before those of the
	// routes and that the proxy in front takes off, as FastAPI's root_path: redirects,
	// the URL of the envelope and the description have it, the routes do not.
	RootPath string
	// TrustedProxies are the addresses and networks (CIDR) of proxies whose
	// X-Forwarded-For, -Proto, -Host and -Prefix are believed; the last goes before
	// RootPath.
	TrustedProxies []string
	// CORSOrigins are the origins, such as https://example.org, whose pages may read
	// the answers; "*" is all of them.
	CORSOrigins []string

	ReadHeaderTimeout time.Duration // 5 s
	ReadTimeout       time.Duration // header and body together: 30 s
	WriteTimeout      time.Duration // from the end of the header to the end of the answer: 60 s
	IdleTimeout       time.Duration // between the requests of a connection: 120 s
	DrainDelay        time.Duration // from the first sign of stopping to accepting no more: none
	DrainTimeout      time.Duration // for the requests in flight then: 10 s
}

// Validate says what is wrong with the options, but for the addresses and Load, which only
// [New] and [Server.Listen] look at.
func (o *Options) Validate() error {
	_, _, err := o.parse()
	return err
}

func (o *Options) parse() (front, func(http.Handler) http.Handler, error) {
	if o.MaxBody < 0 || o.MaxTexts < 0 || o.MaxText < 0 || o.MaxHeader < 0 || o.MaxInFlight < 0 || o.MaxQueued < -1 || o.MaxHeldBytes < 0 {
		return front{}, nil, errors.New("a limit is negative")
	}
	f, err := newFront(o.RootPath, o.TrustedProxies)
	if err != nil {
		return front{}, nil, err
	}
	cors, err := newCORS(o.CORSOrigins)
	return f, cors, err
}

func (o *Options) setDefaults() {
	orDefault(&o.MaxBody, 8<<20)
	orDefault(&o.MaxTexts, 10_000)
	orDefault(&o.MaxHeader, 64<<10)
	orDefault(&o.MaxInFlight, 4*runtime.GOMAXPROCS(0))
	orDefault(&o.MaxQueued, 256)
	orDefault(&o.MaxQueueWait, 50*time.Millisecond)
	orDefault(&o.MaxHeldBytes, 32<<20)
	orDefault(&o.ReadHeaderTimeout, 5*time.Second)
	orDefault(&o.ReadTimeout, 30*time.Second)
	orDefault(&o.WriteTimeout, 60*time.Second)
	orDefault(&o.IdleTimeout, 120*time.Second)
	orDefault(&o.DrainTimeout, 10*time.Second)
}

func orDefault[T comparable](value *T, byDefault T) {
	var zero T
	if *value == zero {
		*value = byDefault
	}
}

// Server serves a model. Make it with [New].
type Server struct {
	log       zerolog.Logger
	access    zerolog.Logger // for a line for each request
	logProbes bool
	payload   *jsonbody.Reader[PredictPayload]
	docs      map[string]http.Handler // by path
	front     front
	cors      func(http.Handler) http.Handler
	metrics   *metrics
	gate      *gate
	allowance allowance
	mux       *chi.Mux

	loadModel func() (*model.Model, error)
	reloading sync.Mutex // held while a model is loaded
	serving   atomic.Pointer[serving]

	public, admin listener // admin's address may be empty
	drainDelay    time.Duration
	drainTimeout  time.Duration
	draining      atomic.Bool
}

// New returns a server that does not listen yet. It has loaded the model; an error of
// that is returned as it is.
func New(options Options) (*Server, error) {
	if options.Load == nil {
		return nil, errors.New("server: no model")
	}
	front, cors, err := options.parse()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	options.setDefaults()
	s := &Server{
		log:       options.Log.With().Timestamp().Logger(),
		access:    options.Log,
		logProbes: options.LogProbes,
		payload:   jsonbody.New[PredictPayload](jsonbody.Limits{Body: options.MaxBody, Items: options.MaxTexts, Text: options.MaxText}),
		docs:      documentation(),
		front:     front,
		cors:      cors,
		metrics:   newMetrics(),
		gate: &gate{
			places:    make(chan struct{}, options.MaxInFlight),
			maxQueued: int64(options.MaxQueued),
			maxWait:   options.MaxQueueWait,
		},
		loadModel:    options.Load,
		drainDelay:   options.DrainDelay,
		drainTimeout: options.DrainTimeout,
	}
	s.allowance.left.Store(options.MaxHeldBytes)
	first, err := s.load()
	if err != nil {
		return nil, err
	}
	s.serving.Store(first)
	debug.FreeOSMemory() // what the loading needed
	s.mux = s.routes(options.AdminAddr == "")
	s.public.addr, s.admin.addr = options.Addr, options.AdminAddr
	s.public.http = http.Server{
		Handler: s.mux,
		// OPTIONS * is a path like others, and no route has it.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            options.ReadHeaderTimeout,
		ReadTimeout:                  options.ReadTimeout,
		WriteTimeout:                 options.WriteTimeout,
		IdleTimeout:                  options.IdleTimeout,
		MaxHeaderBytes:               options.MaxHeader,
	}
	s.admin.http = http.Server{ // whose profiles take as long as they are asked to
		Handler:           s.adminRoutes(),
		ReadHeaderTimeout: options.ReadHeaderTimeout,
		IdleTimeout:       options.IdleTimeout,
	}
	for _, l := range s.listeners() {
		l.http.ErrorLog = log.New(s.log.With().Str("from", "net/http").Logger(), "", 0)
	}
	return s, nil
}

// Handler returns the whole service without its listener.
func (s *Server) Handler() http.Handler { return s.mux }

// listeners returns those that are wanted.
func (s *Server) listeners() []*listener {
	if s.admin.addr == "" {
		return []*listener{&s.public}
	}
	return []*listener{&s.public, &s.admin}
}

// Listen takes the addresses, so that a caller learns of a taken port and of the
// port that 0 became before anything is served. A second call does nothing.
func (s *Server) Listen() error {
	for _, l := range s.listeners() {
		if err := l.listen(); err != nil {
			return fmt.Errorf("server: %w", err)
		}
	}
	return nil
}

// Addr returns the address that the server listens on, and "" before [Server.Listen].
func (s *Server) Addr() string { return s.public.listensOn() }

// AdminAddr returns the same of the admin listener, and "" if there is none.
func (s *Server) AdminAddr() string { return s.admin.listensOn() }

// ErrAtOnce as the cause of the end of a context makes [Server.Run] leave its drain
// delay out.
var ErrAtOnce = errors.New("stop at once")

// Run listens, unless that is done, and serves until ctx ends. Then it says that it is
// not ready, goes on for the drain delay, accepts no more, gives the requests in flight
// their time to finish, and returns nil if they did. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	s.announce(s.serving.Load(), "model loaded")
	listeners := s.listeners()
	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- l.http.Serve(l.listener) }()
	}
	serving := s.log.Info().Str("addr", s.Addr())
	if s.admin.addr != "" {
		serving.Str("admin_addr", s.AdminAddr())
	}
	serving.Msg("serving")

	select {
	case err := <-failed:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if delay := s.drainDelay; delay > 0 && !errors.Is(context.Cause(ctx), ErrAtOnce) {
		s.log.Info().Dur("for_ms", delay).Msg("not ready any more")
		time.Sleep(delay)
	}
	s.log.Info().Dur("within_ms", s.drainTimeout).Msg("stopping")
	// ctx is over; the drain has a clock of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drainTimeout)
	defer cancel()
	var err error
	for _, l := range listeners { // the admin's last: it can tell how the other's end goes
		if stopped := l.http.Shutdown(drain); stopped != nil {
			err = errors.Join(err, fmt.Errorf("server: requests still in flight after %s: %w", s.drainTimeout, stopped), l.http.Close())
		}
	}
	for range listeners {
		if closed := <-failed; !errors.Is(closed, http.ErrServerClosed) {
			err = errors.Join(err, closed)
		}
	}
	return err
}
