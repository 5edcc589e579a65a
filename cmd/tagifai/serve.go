package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/rs/zerolog"

	"tagifai/internal/server"
	"tagifai/model"
)

type serveCommand struct {
	Addr       string        `default:":8000" placeholder:"HOST:PORT" help:"Address to listen on (${default})."`
	AdminAddr  string        `placeholder:"HOST:PORT" help:"Address of a listener with metrics, profiles and reload; the metrics are at --addr if left out."`
	Model      *string       `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Watch      bool          `help:"Reload the model when its directory changes."`
	DrainDelay time.Duration `default:"5s" placeholder:"DURATION" help:"On SIGTERM, how long the service goes on, not ready, before it stops listening."`

	MaxBodyBytes  int64 `default:"8388608" placeholder:"N" help:"Bytes that a request body may have (${default})."`
	MaxTexts      int   `default:"10000" placeholder:"N" help:"Texts that a request may have (${default})."`
	MaxTextLength int   `default:"0" placeholder:"N" help:"Characters that a text may have; 0 leaves it to --max-body-bytes (${default})."`

	RootPath       string   `placeholder:"/PATH" help:"Path that the service has for clients and that the proxy in front takes off."`
	TrustedProxies []string `placeholder:"IP|CIDR" help:"Proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed; none if left out."`
	CORSOrigins    []string `name:"cors-origins" placeholder:"ORIGIN" help:"Origins whose pages may read the answers, * for all; none if left out."`
}

func (serveCommand) Help() string {
	return "Example:\n\n    tagifai serve --addr 127.0.0.1:8000 --model runs/first\n    curl -H 'Content-Type: application/json' -d '{\"texts\":[{\"text\":\"Object detection with YOLO\"}]}' http://127.0.0.1:8000/predict"
}

// Validate makes a value that cannot be a wrong usage.
func (c serveCommand) Validate() error {
	if c.MaxBodyBytes < 1 {
		return errors.New("--max-body-bytes must be at least 1")
	}
	if c.MaxTexts < 1 {
		return errors.New("--max-texts must be at least 1")
	}
	if c.MaxTextLength < 0 {
		return errors.New("--max-text-length must be at least 0")
	}
	options := c.options()
	return options.Validate()
}

func (c serveCommand) options() server.Options {
	return server.Options{
		Addr:           c.Addr,
		AdminAddr:      c.AdminAddr,
		DrainDelay:     c.DrainDelay,
		MaxBody:        c.MaxBodyBytes,
		MaxTexts:       c.MaxTexts,
		MaxText:        c.MaxTextLength,
		RootPath:       c.RootPath,
		TrustedProxies: c.TrustedProxies,
		CORSOrigins:    c.CORSOrigins,
	}
}

func (c serveCommand) Run(ctx context.Context, s streams) error {
	options := c.options()
	options.Load = func() (*model.Model, error) { return openModel(c.Model) }
	options.Log = newLogger(s.err)
	dir := ""
	if c.Model != nil {
		dir = *c.Model
	}
	reloader, err := newReloader(ctx, dir, c.Watch, options.Log)
	if err != nil {
		return err
	}
	srv, err := server.New(options)
	if err != nil {
		return err
	}
	if err := srv.Listen(); err != nil { // before any log: a taken port is one line
		return err
	}
	followContainer(options.Log)
	go reloader.run(ctx, srv)
	return srv.Run(ctx)
}

// newLogger writes lines for people on a terminal, JSON elsewhere.
func newLogger(w io.Writer) zerolog.Logger {
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).With().Timestamp().Logger()
}
