package main

import (
	"context"
	"io"
	"time"

	"github.com/rs/zerolog"

	"tagifai/internal/server"
)

type serveCommand struct {
	Addr  string  `default:":8000" placeholder:"HOST:PORT" help:"Address to listen on (${default})."`
	Model *string `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
}

func (serveCommand) Help() string {
	return "Example:\n\n    tagifai serve --addr 127.0.0.1:8000 --model runs/first\n    curl -H 'Content-Type: application/json' -d '{\"texts\":[{\"text\":\"Object detection with YOLO\"}]}' http://127.0.0.1:8000/predict"
}

func (c serveCommand) Run(ctx context.Context, s streams) error {
	start := time.Now()
	m, err := openModel(c.Model)
	if err != nil {
		return err
	}
	loading := time.Since(start)
	log := newLogger(s.err)
	srv, err := server.New(server.Options{Addr: c.Addr, Model: m, Log: log})
	if err != nil {
		return err
	}
	if err := srv.Listen(); err != nil { // before any log: a taken port is one line
		return err
	}
	for _, warning := range m.Warnings() {
		log.Warn().Msg(warning)
	}
	log.Info().Str("run_id", m.RunID()).Strs("classes", m.Classes()).Dur("ms", loading).Msg("model loaded")
	return srv.Run(ctx)
}

// newLogger writes lines for people on a terminal, JSON elsewhere.
func newLogger(w io.Writer) zerolog.Logger {
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).With().Timestamp().Logger()
}
