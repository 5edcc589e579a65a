package server

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/rs/zerolog"

	"tagifai/internal/server/exchange"
)

// errStreams is the answer to a request of HTTP/2 beyond the number of connections that may
// be open.
var errStreams = errors.New("too many requests share connections")

// countStreams bounds what requests of HTTP/2 hold, and how slowly their answers may leave.
func (s *Server) countStreams(next http.Handler) http.Handler {
	if s.streams == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			e := exchange.Of(w)
			paced, ok := s.streams.Begin(e.ResponseWriter, e.Start)
			defer s.streams.End()
			e.ResponseWriter = paced
			if !ok {
				exchange.Fail(w, r, errStreams)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// A connectionLog is the log of net/http. Of handshakes that fail it writes a line only at
// the level debug, as anyone can make any number of them, and counts them.
type connectionLog struct {
	log        zerolog.Logger
	handshakes interface{ Inc() }
}

func (l connectionLog) Write(line []byte) (int, error) {
	level := zerolog.NoLevel
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		l.handshakes.Inc()
		level = zerolog.DebugLevel
	}
	l.log.WithLevel(level).Str("from", "net/http").Msg(string(bytes.TrimSuffix(line, []byte("\n"))))
	return len(line), nil
}
