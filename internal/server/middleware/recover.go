package middleware

import (
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/rs/zerolog"

	"tagifai/internal/server/exchange"
)

// Recover turns a panic into a logged stack and a 500, or, when part of
// another answer is out already, into a broken connection.
func Recover(log zerolog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return &recoverer{next, log} }
}

type recoverer struct {
	next http.Handler
	log  zerolog.Logger
}

func (m *recoverer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if cause == http.ErrAbortHandler { //nolint:errorlint // the very value, as net/http compares it
			panic(cause)
		}
		e := exchange.Of(w)
		m.log.Error().Str("id", e.ID()).Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).Msg("panic")
		if e.Status != 0 {
			panic(http.ErrAbortHandler)
		}
		exchange.Refuse(w, r, exchange.Internal)
	}()
	m.next.ServeHTTP(w, r)
}
