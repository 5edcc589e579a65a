// Package server is the HTTP service around a [model.Model].
package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"tagifai/model"
)

// Options say what to serve, where, and within which limits. Addr and Model are
// needed; a limit that is zero has the default named beside it.
type Options struct {
	Addr  string // host:port; port 0 takes a free one
	Model *model.Model
	Log   zerolog.Logger

	MaxBody   int64 // bytes of a request body: 8 MiB
	MaxTexts  int   // items in a list of a request body: 10,000
	MaxText   int   // characters of a text: as many as a body has room for
	MaxHeader int   // bytes of a request's header: 64 KiB

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
	DrainTimeout      time.Duration // for the requests in flight when the server stops: 10 s
}

// Validate says what is wrong with the options, but for Addr and Model, which only
// [New] and [Server.Listen] look at.
func (o *Options) Validate() error {
	_, _, err := o.parse()
	return err
}

func (o *Options) parse() (front, func(http.Handler) http.Handler, error) {
	if o.MaxBody < 0 || o.MaxTexts < 0 || o.MaxText < 0 || o.MaxHeader < 0 {
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

// Server serves one model. Make it with [New].
type Server struct {
	model   *model.Model
	log     zerolog.Logger
	payload *binder[PredictPayload]
	docs    map[string]http.Handler // by path
	front   front
	cors    func(http.Handler) http.Handler
	mux     *chi.Mux

	http     http.Server
	addr     string
	drain    time.Duration
	listen   sync.Mutex // guards listener
	listener net.Listener
}

// New returns a server that does not listen yet.
func New(options Options) (*Server, error) {
	if options.Model == nil {
		return nil, errors.New("server: no model")
	}
	front, cors, err := options.parse()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	options.setDefaults()
	docs, err := documentation()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{
		model:   options.Model,
		log:     options.Log,
		payload: newBinder[PredictPayload](limits{options.MaxBody, options.MaxTexts, options.MaxText}),
		docs:    docs,
		front:   front,
		cors:    cors,
		addr:    options.Addr,
		drain:   options.DrainTimeout,
	}
	s.mux = s.routes()
	s.http = http.Server{
		Handler: s.mux,
		// OPTIONS * is a path like others, and no route has it.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            options.ReadHeaderTimeout,
		ReadTimeout:                  options.ReadTimeout,
		WriteTimeout:                 options.WriteTimeout,
		IdleTimeout:                  options.IdleTimeout,
		MaxHeaderBytes:               options.MaxHeader,
		ErrorLog:                     log.New(s.log.With().Str("from", "net/http").Logger(), "", 0),
	}
	return s, nil
}

// Handler returns the whole service without its listener.
func (s *Server) Handler() http.Handler { return s.mux }

// Listen takes the address, so that a caller learns of a taken port and of the
// port that 0 became before anything is served. A second call does nothing.
func (s *Server) Listen() error {
	s.listen.Lock()
	defer s.listen.Unlock()
	if s.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.listener = listener
	return nil
}

// Addr returns the address that the server listens on, and "" before [Server.Listen].
func (s *Server) Addr() string {
	s.listen.Lock()
	defer s.listen.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Run listens, unless that is done, and serves until ctx ends. Then it accepts
// no more, gives the requests in flight their time to finish, and returns nil
// if they did. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	s.log.Info().Str("addr", s.Addr()).Msg("serving")
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()

	select {
	case err := <-served:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	s.log.Info().Dur("within_ms", s.drain).Msg("stopping")
	// ctx is over; the drain has a clock of its own.
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
	defer cancel()
	err := s.http.Shutdown(drain)
	if err != nil {
		err = errors.Join(fmt.Errorf("server: requests still in flight after %s: %w", s.drain, err), s.http.Close())
	}
	if closed := <-served; !errors.Is(closed, http.ErrServerClosed) {
		err = errors.Join(err, closed)
	}
	return err
}
