package server

import (
	"bytes"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// A connectionLog is the log of those who serve connections, net/http and package http1. Of
// handshakes that fail it writes a line only at the level debug, as anyone can make any number
// of them, and counts them.
type connectionLog struct {
	log        zerolog.Logger
	handshakes prometheus.Counter
}

func newConnectionLog(log zerolog.Logger, registry *prometheus.Registry) connectionLog {
	handshakes := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tagifai_failed_tls_handshakes_total",
		Help: "Connections that ended before TLS was agreed on, such as those of clients without a certificate that is asked for.",
	})
	registry.MustRegister(handshakes)
	return connectionLog{log, handshakes}
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
