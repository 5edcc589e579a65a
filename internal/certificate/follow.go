package certificate

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"tagifai/internal/watch"
)

// interval is how often the files are looked at, in case that nothing has told of a change:
// a volume of a network does not, nor does a link into another directory. A certificate
// that was not valid yet is also tried again.
var interval = time.Minute // shorter in tests

// Follow reads the files again when they change and at each hangup, until ctx ends. What
// comes of it is in the log.
func (s *Source) Follow(ctx context.Context, hangups <-chan os.Signal) {
	changes := make(chan struct{}, 1)
	for dir := range s.directories() {
		err := watch.Dir(ctx, dir, func() {
			select {
			case changes <- struct{}{}:
			default: // one is enough
			}
		}, func(err error) { s.log.Warn().Err(err).Msg("certificate not watched") })
		if err != nil {
			s.log.Warn().Err(err).Msg("certificate not watched")
		}
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			s.problem = "" // who asks is told again
		case <-changes:
		case <-tick.C:
		}
		s.reload()
	}
}

// directories are those of the files.
func (s *Source) directories() map[string]struct{} {
	dirs := make(map[string]struct{})
	for _, path := range []string{s.files.TLSCert, s.files.TLSKey, s.files.TLSClientCA} {
		if path != "" {
			dirs[filepath.Dir(path)] = struct{}{}
		}
	}
	return dirs
}

// reload logs what comes of a [Source.Reload], a problem once.
func (s *Source) reload() {
	changed, err := s.Reload()
	switch {
	case err == nil && changed:
		s.problem = ""
		s.outcome.WithLabelValues("success").Inc()
		s.log.Info().Time("expires", s.current.Load().leaf.NotAfter).Msg("certificate changed")
	case err == nil:
		s.problem = ""
	case err.Error() != s.problem:
		s.problem = err.Error()
		s.outcome.WithLabelValues("failure").Inc()
		s.log.Error().Err(err).Msg("certificate not changed: the old one stays")
	}
}
