package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/jsonbody"
	"tagifai/internal/registry"
	"tagifai/model"
)

var (
	errNotFound         = errors.New("no such route")
	errMethodNotAllowed = errors.New("method not allowed on this route")
	errMisdirected      = errors.New("not a host of the admin listener")
	errCrossOrigin      = errors.New("a page of another site sent the request")
	errQueueFull        = errors.New("too many requests wait for their turn")
	errQueueWait        = errors.New("the request waited too long for its turn")
	errHeldBytes        = errors.New("all requests together hold too much memory")
	errTooLarge         = errors.New("the request needs more memory than all may hold")
	errDraining         = errors.New("the service is about to stop")
)

// What the detail of an answer says to who may try again.
const (
	busy     = "The service is busy: try again"
	stopping = "The service is about to stop"
)

// The reasons of errors whose answer is more than a row of the table below.
const (
	invalidRequest = "invalid"
	bodyTooLarge   = "body_too_large"
)

// problems is the one table from an error to the answer to it and to the reason that
// log and metrics have for it; the first row that matches counts. Without a detail the
// answer has the phrase of the status.
var problems = []struct {
	matches func(error) bool
	status  int
	detail  string
	reason  string
}{
	{is(errNotFound), http.StatusNotFound, "", "not_found"},
	{is(errMethodNotAllowed), http.StatusMethodNotAllowed, "", "method_not_allowed"},
	{is(errMisdirected), http.StatusMisdirectedRequest, "Ask for an address, for localhost, or for a name that the setting admin-hosts lists", "misdirected"},
	{is(errCrossOrigin), http.StatusForbidden, "Pages of other sites may not do this", "cross_origin"},
	{is(errQueueFull), http.StatusServiceUnavailable, busy, "queue_full"},
	{is(errQueueWait), http.StatusServiceUnavailable, busy, "queue_wait"},
	{is(errHeldBytes), http.StatusServiceUnavailable, busy, "held_bytes"},
	{is(errDraining), http.StatusServiceUnavailable, stopping, "draining"},
	{is(registry.ErrNotReady), http.StatusServiceUnavailable, "", "unready"},
	{is(errTooLarge), http.StatusRequestEntityTooLarge, "The answer would be too large: send fewer texts at once", "answer_too_large"},
	{is(jsonbody.ErrEncoded), http.StatusUnsupportedMediaType, "Content-Encoding is not supported: send the body as it is", "body_encoded"},
	{is(os.ErrDeadlineExceeded), http.StatusRequestTimeout, "", "body_slow"},
	{is(context.Canceled), http.StatusServiceUnavailable, "", "canceled"}, // the client is gone, or the drain is over
	{is(jsonbody.ErrUnreadable), http.StatusBadRequest, "There was an error parsing the body", "body_unreadable"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// problemOf returns the status and the detail of the answer to err, and its reason. An
// error that nobody foresaw is a 500, has no reason, and its text stays here.
func problemOf(err error) (status int, detail any, reason string) {
	if invalid, ok := errors.AsType[*jsonbody.InvalidError](err); ok {
		return http.StatusUnprocessableEntity, invalid.Items, invalidRequest
	}
	if missing, ok := errors.AsType[*registry.NotFoundError](err); ok {
		return http.StatusNotFound, missing.Error(), "not_found"
	}
	if refused, ok := errors.AsType[*registry.RefusedError](err); ok { // only the admin listener has routes that return it
		return http.StatusConflict, refused.Error(), "model_refused"
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is larger than the limit of %d bytes", large.Limit), bodyTooLarge
	}
	if number, ok := errors.AsType[*model.NonNumberError](err); ok { // FastAPI fails with a 500
		return http.StatusConflict, number.Error(), "non_number"
	}
	for _, p := range problems {
		if p.matches(err) {
			return p.status, cmp.Or(p.detail, http.StatusText(p.status)), p.reason
		}
	}
	return http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError), ""
}

// notFound answers a path that no route of mux has. If only a slash at its end is too
// much, it sends the client to the path without it. As that path is then one of
// our routes, it cannot lead to another host, as "//example.org/" would.
func (s *Server) notFound(mux *chi.Mux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimRight(r.URL.Path, "/")
		if path != r.URL.Path && len(methods(mux, path)) > 0 {
			location := url.URL{Path: exchangeOf(w).prefix + path, RawQuery: r.URL.RawQuery}
			w.Header().Set("Location", location.String())
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		s.fail(w, r, errNotFound)
	}
}

// methodNotAllowed answers a method that the route of the path does not have.
func (s *Server) methodNotAllowed(mux *chi.Mux) http.HandlerFunc {
	notFound := s.notFound(mux)
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := methods(mux, r.URL.Path)
		if len(allowed) == 0 { // chi asks for an unknown method before it looks for the path
			notFound(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.fail(w, r, errMethodNotAllowed)
	}
}

// methods returns the methods that path can be asked with.
func methods(mux *chi.Mux, path string) []string {
	return slices.DeleteFunc([]string{http.MethodGet, http.MethodHead, http.MethodPost}, func(method string) bool {
		return !mux.Match(chi.NewRouteContext(), method, path)
	})
}
