package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"

	"tagifai/internal/server"
	"tagifai/internal/watch"
)

// A reloader knows when the model is to be loaded anew. It is made before the model is
// loaded for the first time, so that nothing after that goes unnoticed.
type reloader struct {
	hangups chan os.Signal
	changed chan struct{} // of whatever has changed since it was last received from
	dir     string
}

// newReloader notices, until ctx ends, every SIGHUP and, if dir is to be watched, every
// change in it.
func newReloader(ctx context.Context, dir string, watching bool, log zerolog.Logger) (*reloader, error) {
	r := &reloader{make(chan os.Signal, 1), make(chan struct{}, 1), dir}
	signal.Notify(r.hangups, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(r.hangups) })
	if !watching {
		return r, nil
	}
	return r, watch.Dir(ctx, dir, r.notice, func(err error) { log.Error().Err(err).Msg("changes may go unnoticed") })
}

func (r *reloader) notice() {
	select {
	case r.changed <- struct{}{}:
	default: // one is waiting already
	}
}

// run reloads the model until ctx ends. The server logs what comes of it.
func (r *reloader) run(ctx context.Context, srv *server.Server) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
			_ = srv.Reload("SIGHUP")
		case <-r.changed:
			_ = srv.Reload("a change in " + r.dir)
		}
	}
}
