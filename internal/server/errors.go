package server

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

var (
	errNotFound         = errors.New("no such route")
	errMethodNotAllowed = errors.New("method not allowed on this route")
	errUnreadable       = errors.New("the body is not text or stopped before its end")
	errEncoded          = errors.New("the body has a content encoding")
)

// problems is the one table from an error to the answer to it; the first row
// that matches counts. Without a detail the answer has the phrase of the status.
var problems = []struct {
	matches func(error) bool
	status  int
	detail  string
}{
	{is(errNotFound), http.StatusNotFound, ""},
	{is(errMethodNotAllowed), http.StatusMethodNotAllowed, ""},
	{as[*http.MaxBytesError], http.StatusRequestEntityTooLarge, ""},
	{is(errEncoded), http.StatusUnsupportedMediaType, "Content-Encoding is not supported: send the body as it is"},
	{is(os.ErrDeadlineExceeded), http.StatusRequestTimeout, ""},
	{is(context.Canceled), http.StatusServiceUnavailable, ""}, // the client is gone, or the drain is over
	{is(errUnreadable), http.StatusBadRequest, "There was an error parsing the body"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// problemOf returns the status and the detail of the answer to err. An error
// that nobody foresaw is a 500, and its text stays here.
func problemOf(err error) (status int, detail any) {
	if invalid, ok := errors.AsType[*invalidError](err); ok {
		return http.StatusUnprocessableEntity, invalid.items
	}
	for _, p := range problems {
		if p.matches(err) {
			if p.detail != "" {
				return p.status, p.detail
			}
			return p.status, http.StatusText(p.status)
		}
	}
	return http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError)
}

// notFound answers a path that no route has. If only a slash at its end is too
// much, it sends the client to the path without it. As that path is then one of
// our routes, it cannot lead to another host, as "//example.org/" would.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimRight(r.URL.Path, "/")
	if path != r.URL.Path && len(s.methods(path)) > 0 {
		location := url.URL{Path: rootPathOf(r) + path, RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", location.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	s.fail(w, r, errNotFound)
}

// methodNotAllowed answers a method that the route of the path does not have.
func (s *Server) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	allowed := s.methods(r.URL.Path)
	if len(allowed) == 0 { // chi asks for an unknown method before it looks for the path
		s.notFound(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	s.fail(w, r, errMethodNotAllowed)
}

// methods returns the methods that path can be asked with.
func (s *Server) methods(path string) []string {
	return slices.DeleteFunc([]string{http.MethodGet, http.MethodHead, http.MethodPost}, func(method string) bool {
		return !s.mux.Match(chi.NewRouteContext(), method, path)
	})
}
