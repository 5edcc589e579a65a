package server

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/model"
)

// A serving is a model that has passed its check, and what the metrics know of it. A
// request takes one when its work begins and keeps it, so that it sees one model from
// start to end.
type serving struct {
	*model.Model
	classes []string // its own list
	loading time.Duration
	texts   []prometheus.Counter // of each class: the texts that got it as tag
}

// load makes a serving that nobody uses yet. Whatever a file does to the code that
// reads it, the service is to go on, so a panic is an error here.
func (s *Server) load() (next *serving, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			next, err = nil, fmt.Errorf("loading the model: %v\n%s", cause, debug.Stack())
		}
	}()
	start := time.Now()
	m, err := s.loadModel()
	if err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	classes := m.Classes()
	return &serving{m, classes, time.Since(start), s.metrics.textsOf(classes)}, nil
}

// announce tells log and metrics of the model that is served from now on.
func (s *Server) announce(now *serving, message string) {
	for _, warning := range now.Warnings() {
		s.log.Warn().Msg(warning)
	}
	s.log.Info().Str("run_id", now.RunID()).Strs("classes", now.Classes()).Dur("ms", now.loading).Msg(message)
	s.metrics.serves(now)
}

// Reload loads the model anew and serves it from then on. On an error the old one is
// served on; log and metrics tell of either. Why says in the log what asked for it.
func (s *Server) Reload(why string) error {
	_, err := s.reload(why)
	return err
}

func (s *Server) reload(why string) (*serving, error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	next, err := s.load()
	s.metrics.reloaded(err)
	if err != nil {
		s.log.Error().Str("why", why).Err(err).Msg("new model refused, the old one serves on")
		return nil, err
	}
	s.serving.Store(next)
	s.announce(next, "model reloaded")
	debug.FreeOSMemory() // or what the loading needed is ours for minutes
	return next, nil
}

// ready returns what keeps the service from answering requests, if anything does.
func (s *Server) ready() error {
	if s.draining.Load() {
		return errDraining
	}
	if err := s.serving.Load().Check(); err != nil {
		s.log.Error().Err(err).Msg("not ready")
		return errUnready
	}
	return nil
}
