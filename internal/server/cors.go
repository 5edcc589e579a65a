package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/cors"
)

// newCORS returns the middleware that lets the scripts of pages of these origins
// read our answers, and answers browsers that ask beforehand. Without any it does
// nothing.
func newCORS(origins []string) (func(http.Handler) http.Handler, error) {
	if len(origins) == 0 { // which the library takes for all
		return func(next http.Handler) http.Handler { return next }, nil
	}
	for _, origin := range origins {
		if !isOrigin(origin) {
			return nil, fmt.Errorf("CORS origin %q: want one such as https://example.org, or * for all", origin)
		}
	}
	return cors.Handler(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders: []string{"*"}, // none gives rights here: there are no credentials
		ExposedHeaders: []string{requestID},
		MaxAge:         600,
	}), nil
}

// isOrigin reports whether s is what a browser calls itself in the header Origin, or
// the star for all. A star within an origin would match more than it seems to.
func isOrigin(s string) bool {
	if s == "*" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isHost(u.Host) && strings.EqualFold(s, u.Scheme+"://"+u.Host)
}
