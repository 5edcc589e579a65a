package exchange

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"tagifai/internal/jsonbody"
)

// Envelope is what every JSON answer begins with, its keys in this order.
type Envelope struct {
	Message    string `json:"message"`     // The phrase of the status.
	Method     string `json:"method"`      // The method of the request.
	StatusCode int    `json:"status-code"` // The status, once more.
	Timestamp  string `json:"timestamp"`   // When it was answered, in local time.
	URL        string `json:"url"`         // The URL of the request, as the client knows it.
}

// Answer is the shape of every success.
type Answer[T any] struct {
	Envelope
	Data T `json:"data"`
}

// Problem is the shape of every error but a 422.
type Problem struct {
	Envelope
	Detail string `json:"detail"` // What is wrong, for people.
}

// Invalid is the shape of a 422.
type Invalid struct {
	Envelope
	Detail []jsonbody.Item `json:"detail"` // All that is wrong with the request, in order of position.
}

// envelope is the dialect of [Answer], [Problem] and [Invalid].
type envelope struct{}

func (envelope) AppendOpening(b []byte, e *Exchange, r *http.Request, status int) []byte {
	return append(e.appendEnvelope(b, r, status), `,"data":`...)
}

func (envelope) AppendClosing(b []byte) []byte { return append(b, '}') }

func (envelope) Compresses(any) bool { return true }

func (envelope) AppendRefusal(b []byte, e *Exchange, r *http.Request, refused Refusal) []byte {
	return append(refused.appendDetail(append(e.appendEnvelope(b, r, refused.Status), `,"detail":`...)), '}')
}

// appendEnvelope appends the members of an [Envelope], without the brace that
// closes it.
func (e *Exchange) appendEnvelope(b []byte, r *http.Request, status int) []byte {
	b = append(b, `{"message":"`...)
	b = append(b, http.StatusText(status)...)
	b = append(b, `","method":`...)
	b = AppendQuote(b, r.Method)
	b = append(b, `,"status-code":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"timestamp":"`...)
	b = appendTimestamp(b, e.Start.Add(time.Since(e.Start))) // one clock is read, not two
	b = append(b, `","url":`...)
	var url [256]byte // room enough for most, without an allocation
	return AppendQuote(b, e.appendURL(url[:0], r))
}

// appendTimestamp appends the local time in ISO 8601: no zone, and six digits
// of a fraction unless they are zero.
func appendTimestamp(b []byte, t time.Time) []byte {
	now := thisSecond.Load()
	if now == nil || now.unix != t.Unix() {
		now = &second{t.Unix(), t.Local().Format("2006-01-02T15:04:05")}
		thisSecond.Store(now)
	}
	b = append(b, now.text...)
	if us := t.Nanosecond() / 1000; us > 0 {
		var digits [7]byte // with a 1 in front, for the zeros behind it
		strconv.AppendInt(digits[:0], int64(1_000_000+us), 10)
		digits[0] = '.'
		b = append(b, digits[:]...)
	}
	return b
}

// thisSecond is the last second that was written, as most are written often.
var thisSecond atomic.Pointer[second]

type second struct {
	unix int64
	text string
}
