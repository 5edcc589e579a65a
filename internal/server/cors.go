package server

import (
	"net/http"

	"github.com/go-chi/cors"

	"tagifai/internal/config"
)

// newCORS returns the middleware that lets the scripts of pages of these origins
// read our answers, and answers browsers that ask beforehand. Without any it does
// nothing.
func newCORS(origins []config.Origin) func(http.Handler) http.Handler {
	if len(origins) == 0 { // which the library takes for all
		return func(next http.Handler) http.Handler { return next }
	}
	allowed := make([]string, len(origins))
	for i, origin := range origins {
		allowed[i] = string(origin)
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: allowed,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"}, // none gives rights here: there are no credentials
		ExposedHeaders: []string{requestID},
		MaxAge:         600,
	})
}
