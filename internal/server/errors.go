package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"tagifai/internal/auth"
	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/jsonread"
	"tagifai/internal/lookup"
	"tagifai/internal/memory"
	"tagifai/internal/ratelimit"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/middleware"
	"tagifai/internal/server/protocols"
	"tagifai/internal/sockets"
	"tagifai/model"
)

var (
	errNotFound         = errors.New("no such route")
	errMethodNotAllowed = errors.New("method not allowed on this route")
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
	badCredential  = "bad_credential"
	forbidden      = "forbidden"
)

// clientClosed is the status of a request whose connection was closed before the answer, as in
// the logs of nginx. The client hardly ever reads it, but the metrics must not count it among
// the failures of the service.
const clientClosed = 499

// refusals is the one table from an error to the answer to it and to the reason that
// log and metrics have for it; the first row that matches counts. Without a detail the
// answer has the phrase of the status.
var refusals = []struct {
	matches func(error) bool
	status  int
	detail  string
	reason  string
}{
	{is(errNotFound), http.StatusNotFound, "", "not_found"},
	{is(errMethodNotAllowed), http.StatusMethodNotAllowed, "", "method_not_allowed"},
	{is(middleware.ErrMisdirected), http.StatusMisdirectedRequest, "Ask for an address, for localhost, or for a name that the setting admin-hosts lists", "misdirected"},
	{is(middleware.ErrCrossOrigin), http.StatusForbidden, "Pages of other sites may not do this", "cross_origin"},
	{is(gate.ErrFull), http.StatusServiceUnavailable, busy, "queue_full"},
	{is(gate.ErrWaited), http.StatusServiceUnavailable, busy, "queue_wait"},
	{is(ratelimit.ErrRequests), http.StatusTooManyRequests, "The client sends too many requests: try again later", "client_requests"},
	{is(ratelimit.ErrTexts), http.StatusTooManyRequests, "The client has too many texts predicted: try again later", "client_texts"},
	{is(ratelimit.ErrTooMany), http.StatusRequestEntityTooLarge, "The request has more texts than a client may have predicted in a minute: send fewer at once", "client_texts_at_once"},
	{is(middleware.ErrStreams), http.StatusServiceUnavailable, busy, "streams"},
	{is(memory.ErrHeld), http.StatusServiceUnavailable, busy, "held_bytes"},
	{is(admission.ErrDraining), http.StatusServiceUnavailable, stopping, "draining"},
	{is(auth.ErrNoCredential), http.StatusUnauthorized, "A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key", "no_credential"},
	{is(auth.ErrUnavailable), http.StatusServiceUnavailable, "Tokens cannot be verified yet, as their issuer does not answer: try again", "issuer_away"},
	{is(registry.ErrBusy), http.StatusServiceUnavailable, busy, "load_queue_full"},
	{is(registry.ErrNotReady), http.StatusServiceUnavailable, "", "unready"},
	{is(memory.ErrTooLarge), http.StatusRequestEntityTooLarge, "The answer would be too large: ask for less at once", "answer_too_large"},
	{is(errNoTable), http.StatusNotFound, "No table of predictions is served here: the setting predictions of the service names its database", "no_table"},
	{is(lookup.ErrUnavailable), http.StatusServiceUnavailable, "The database of the predictions cannot be read: try again", "database_away"},
	{is(lookup.ErrNoTables), http.StatusServiceUnavailable, "The database has no tables of predictions yet: tagifai batch makes them", "database_empty"},
	{is(jsonbody.ErrEncoded), http.StatusUnsupportedMediaType, "Content-Encoding is not supported: send the body as it is, or by gzip or zstd", "body_encoded"},
	{is(protocols.ErrNotMLflow), http.StatusUnsupportedMediaType, "The body is read as application/json or text/csv, in UTF-8", "body_type"},
	{is(os.ErrDeadlineExceeded), http.StatusRequestTimeout, "", "body_slow"},
	{is(sockets.ErrStopped), http.StatusServiceUnavailable, stopping, "drain_timeout"},
	{is(context.Canceled), clientClosed, "The connection was closed before the answer", "canceled"},
	{is(jsonbody.ErrUnreadable), http.StatusBadRequest, "There was an error parsing the body", "body_unreadable"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// refusalOf returns what err is to the client of e.
func (s *Server) refusalOf(e *exchange.Exchange, err error) exchange.Refusal {
	refused := answerTo(err)
	switch {
	case refused.Status == http.StatusServiceUnavailable:
		refused.RetryAfter = retryAfter
	case refused.Status == http.StatusTooManyRequests:
		refused.RetryAfter = []string{retryWhen(err)}
	case refused.Status == http.StatusUnauthorized, refused.Reason == forbidden:
		refused.Challenge = challenge(err)
	case refused.Status == http.StatusNotFound && !s.admission.SeesAll(e):
		refused.Detail, _, _ = strings.Cut(refused.Detail, ";") // what there is instead may not be for them
	}
	return refused
}

// answerTo returns the status, the detail and the reason of an error.
func answerTo(err error) exchange.Refusal {
	if invalid, ok := errors.AsType[*jsonbody.InvalidError](err); ok {
		return exchange.Refusal{Status: http.StatusUnprocessableEntity, Items: invalid.Items, Reason: invalidRequest}
	}
	if wrong, ok := errors.AsType[*jsonread.Error](err); ok {
		return exchange.Refusal{Status: http.StatusBadRequest, Detail: wrong.Error(), Reason: invalidRequest}
	}
	if wrong, ok := errors.AsType[*auth.CredentialError](err); ok {
		return exchange.Refusal{Status: http.StatusUnauthorized, Detail: wrong.Error(), Reason: badCredential}
	}
	if refused, ok := errors.AsType[*admission.ForbiddenError](err); ok {
		return exchange.Refusal{Status: http.StatusForbidden, Detail: refused.Error(), Reason: forbidden}
	}
	if missing, ok := errors.AsType[*registry.NotFoundError](err); ok {
		return exchange.Refusal{Status: http.StatusNotFound, Detail: missing.Error(), Reason: "not_found"}
	}
	if missing, ok := errors.AsType[*missingError](err); ok {
		return exchange.Refusal{Status: http.StatusNotFound, Detail: missing.Error(), Reason: "not_found"}
	}
	if refused, ok := errors.AsType[*registry.RefusedError](err); ok { // only the admin listener has routes that return it
		return exchange.Refusal{Status: http.StatusConflict, Detail: refused.Error(), Reason: "model_refused"}
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return exchange.Refusal{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("The body is larger than the limit of %d bytes", large.Limit), Reason: bodyTooLarge}
	}
	if number, ok := errors.AsType[*model.NonNumberError](err); ok { // FastAPI fails with a 500
		return exchange.Refusal{Status: http.StatusConflict, Detail: number.Error(), Reason: "non_number"}
	}
	if unavailable, ok := errors.AsType[*registry.UnavailableError](err); ok {
		return exchange.Refusal{Status: http.StatusServiceUnavailable, Detail: unavailable.Error(), Reason: "unavailable"}
	}
	if wrong, ok := errors.AsType[*registry.InvalidError](err); ok {
		return exchange.Refusal{Status: http.StatusBadRequest, Detail: wrong.Error(), Reason: "change_invalid"}
	}
	for _, row := range refusals {
		if row.matches(err) {
			return exchange.Refusal{Status: row.status, Detail: cmp.Or(row.detail, http.StatusText(row.status)), Reason: row.reason}
		}
	}
	return exchange.Internal
}

// retryAfter is in seconds, of which one is the least.
var retryAfter = []string{"1"}

// retryWhen returns when a client may send again what exceeded its limits, in seconds.
func retryWhen(err error) string {
	wait := time.Second
	if exceeded, ok := errors.AsType[*ratelimit.ExceededError](err); ok {
		wait = exceeded.Wait
	}
	return strconv.FormatInt(max(1, ratelimit.Seconds(wait)), 10)
}

// challenge returns the value of the header WWW-Authenticate, which says which credential is
// needed, for an error. Format: RFC 6750, 3. The texts are our own, and have nothing in them
// that would need an escape.
func challenge(err error) string {
	value := `Bearer realm="TagIfAI"`
	if wrong, ok := errors.AsType[*auth.CredentialError](err); ok {
		value += `, error="invalid_token", error_description="` + wrong.Error() + `"`
	}
	if refused, ok := errors.AsType[*admission.ForbiddenError](err); ok {
		value += `, error="insufficient_scope", scope="` + refused.Action.String() + `"`
	}
	return value
}
