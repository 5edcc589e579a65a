package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"tagifai/internal/auth"
	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/jsonread"
	"tagifai/internal/lookup"
	"tagifai/internal/memory"
	"tagifai/internal/ratelimit"
	"tagifai/internal/registry"
	"tagifai/model"
)

var (
	errNotFound         = errors.New("no such route")
	errMethodNotAllowed = errors.New("method not allowed on this route")
	errMisdirected      = errors.New("not a host of the admin listener")
	errCrossOrigin      = errors.New("a page of another site sent the request")
	errNotMLflow        = errors.New("the body is of no type that MLflow sends")
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
	badCredential  = "bad_credential"
	forbidden      = "forbidden"
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
	{is(gate.ErrFull), http.StatusServiceUnavailable, busy, "queue_full"},
	{is(gate.ErrWaited), http.StatusServiceUnavailable, busy, "queue_wait"},
	{is(ratelimit.ErrRequests), http.StatusTooManyRequests, "The client sends too many requests: try again later", "client_requests"},
	{is(ratelimit.ErrTexts), http.StatusTooManyRequests, "The client has too many texts predicted: try again later", "client_texts"},
	{is(ratelimit.ErrTooMany), http.StatusRequestEntityTooLarge, "The request has more texts than a client may have predicted in a minute: send fewer at once", "client_texts_at_once"},
	{is(errStreams), http.StatusServiceUnavailable, busy, "streams"},
	{is(memory.ErrHeld), http.StatusServiceUnavailable, busy, "held_bytes"},
	{is(errDraining), http.StatusServiceUnavailable, stopping, "draining"},
	{is(auth.ErrNoCredential), http.StatusUnauthorized, "A key or a token is needed: send it as Authorization: Bearer, or a key as X-API-Key", "no_credential"},
	{is(auth.ErrUnavailable), http.StatusServiceUnavailable, "Tokens cannot be verified yet, as their issuer does not answer: try again", "issuer_away"},
	{is(registry.ErrBusy), http.StatusServiceUnavailable, busy, "load_queue_full"},
	{is(registry.ErrNotReady), http.StatusServiceUnavailable, "", "unready"},
	{is(memory.ErrTooLarge), http.StatusRequestEntityTooLarge, "The answer would be too large: ask for less at once", "answer_too_large"},
	{is(errNoTable), http.StatusNotFound, "No table of predictions is served here: the setting predictions of the service names its database", "no_table"},
	{is(lookup.ErrUnavailable), http.StatusServiceUnavailable, "The database of the predictions cannot be read: try again", "database_away"},
	{is(lookup.ErrNoTables), http.StatusServiceUnavailable, "The database has no tables of predictions yet: tagifai batch makes them", "database_empty"},
	{is(jsonbody.ErrEncoded), http.StatusUnsupportedMediaType, "Content-Encoding is not supported: send the body as it is, or by gzip or zstd", "body_encoded"},
	{is(errNotMLflow), http.StatusUnsupportedMediaType, "The body is read as application/json or text/csv, in UTF-8", "body_type"},
	{is(os.ErrDeadlineExceeded), http.StatusRequestTimeout, "", "body_slow"},
	{is(context.Canceled), http.StatusServiceUnavailable, "", "canceled"}, // the client is gone, or the drain is over
	{is(jsonbody.ErrUnreadable), http.StatusBadRequest, "There was an error parsing the body", "body_unreadable"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// A problem is what an error is to the client.
type problem struct {
	status int
	detail string
	items  []jsonbody.Item // the detail of a 422
	reason string          // for log and metrics; "" if it is a failure of the service
}

// internal is the problem of an error that nobody foresaw.
var internal = problem{status: http.StatusInternalServerError, detail: http.StatusText(http.StatusInternalServerError)}

// problemOf returns what err is to the client.
func problemOf(err error) problem {
	if invalid, ok := errors.AsType[*jsonbody.InvalidError](err); ok {
		return problem{status: http.StatusUnprocessableEntity, items: invalid.Items, reason: invalidRequest}
	}
	if wrong, ok := errors.AsType[*jsonread.Error](err); ok {
		return problem{status: http.StatusBadRequest, detail: wrong.Error(), reason: invalidRequest}
	}
	if wrong, ok := errors.AsType[*auth.CredentialError](err); ok {
		return problem{status: http.StatusUnauthorized, detail: wrong.Error(), reason: badCredential}
	}
	if refused, ok := errors.AsType[*forbiddenError](err); ok {
		return problem{status: http.StatusForbidden, detail: refused.Error(), reason: forbidden}
	}
	if missing, ok := errors.AsType[*registry.NotFoundError](err); ok {
		return problem{status: http.StatusNotFound, detail: missing.Error(), reason: "not_found"}
	}
	if missing, ok := errors.AsType[*missingError](err); ok {
		return problem{status: http.StatusNotFound, detail: missing.Error(), reason: "not_found"}
	}
	if refused, ok := errors.AsType[*registry.RefusedError](err); ok { // only the admin listener has routes that return it
		return problem{status: http.StatusConflict, detail: refused.Error(), reason: "model_refused"}
	}
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem{status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("The body is larger than the limit of %d bytes", large.Limit), reason: bodyTooLarge}
	}
	if number, ok := errors.AsType[*model.NonNumberError](err); ok { // FastAPI fails with a 500
		return problem{status: http.StatusConflict, detail: number.Error(), reason: "non_number"}
	}
	if unavailable, ok := errors.AsType[*registry.UnavailableError](err); ok {
		return problem{status: http.StatusServiceUnavailable, detail: unavailable.Error(), reason: "unavailable"}
	}
	if wrong, ok := errors.AsType[*registry.InvalidError](err); ok {
		return problem{status: http.StatusBadRequest, detail: wrong.Error(), reason: "change_invalid"}
	}
	for _, p := range problems {
		if p.matches(err) {
			return problem{status: p.status, detail: cmp.Or(p.detail, http.StatusText(p.status)), reason: p.reason}
		}
	}
	return internal
}

// appendDetail appends the detail as JSON: a string, or the items of a 422.
func (p problem) appendDetail(b []byte) []byte {
	if p.items == nil {
		return appendQuote(b, p.detail)
	}
	b, err := appendValue(b, p.items)
	if err != nil { // they are our own
		panic(err)
	}
	return b
}

// text returns the detail as one line, for dialects that have no room for items.
func (p problem) text() string {
	if p.items == nil {
		return p.detail
	}
	var line strings.Builder
	for i, item := range p.items {
		if i > 0 {
			line.WriteString("; ")
		}
		for j, step := range item.Loc {
			if j > 0 {
				line.WriteByte('.')
			}
			fmt.Fprint(&line, step)
		}
		line.WriteString(": " + item.Msg)
	}
	return line.String()
}
