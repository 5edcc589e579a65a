package middleware

import (
	"net/http"

	"github.com/go-chi/cors"

	"tagifai/internal/config"
	"tagifai/internal/server/exchange"
)

// CORS returns the middleware that lets the scripts of pages of these origins
// read our answers, and answers browsers that ask beforehand. Without any it does
// nothing.
func CORS(origins []config.Origin) func(http.Handler) http.Handler {
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
		AllowedHeaders: []string{"*"}, // a page that sends a credential was given one; browsers add none
		ExposedHeaders: []string{exchange.RequestIDHeader, "Retry-After", "RateLimit", "RateLimit-Policy"},
		MaxAge:         600,
	})
}
