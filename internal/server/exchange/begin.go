package exchange

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/gate"
	"tagifai/internal/http1"
	"tagifai/internal/memory"
	"tagifai/internal/sockets"
)

// Exchanges is what all exchanges of a service have in common.
type Exchanges struct {
	Dialects  []At                                 // of paths whose answers have no envelope; the first that matches counts
	Refusal   func(e *Exchange, err error) Refusal // what an error is to the client
	Rejected  *prometheus.CounterVec               // requests, by the reason of their refusal
	Allowance *memory.Allowance                    // for bodies, answers and what is between them
	Log       zerolog.Logger                       // for failures of the service

	Pace        sockets.Pace  // of clients that send long bodies
	ReadTimeout time.Duration // for a body, whatever its pace
	LingerBytes int64         // of a body that are read on after an early answer
	Slices      gate.Slices   // of the work of encoding long answers
	Closing     func() bool   // whether the next request of a client is to go to another service
}

// RequestIDHeader is the header that names a request to both sides.
const RequestIDHeader = "X-Request-Id"

// Begin makes the exchange of each request. Its id is the client's, if that
// is fit for a log, and goes back with the answer.
func (all *Exchanges) Begin(next http.Handler) http.Handler { return &beginning{all, next} }

type beginning struct {
	*Exchanges
	next http.Handler
}

func (m *beginning) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e := m.begin(w, r)
	defer e.end()
	m.next.ServeHTTP(e, r)
	if e.body != nil && e.body.AnsweredEarly() {
		e.release()
		e.body.Linger(m.LingerBytes)
	}
}

// begin makes the exchange of a request.
func (all *Exchanges) begin(w http.ResponseWriter, r *http.Request) *Exchange {
	e := http1.Keep[Exchange](r)
	e.ResponseWriter, e.all, e.dialect, e.Start = w, all, all.dialectOf(r.URL.Path), time.Now()
	e.headers.setID(First(r.Header, RequestIDHeader))
	header := w.Header()
	header[RequestIDHeader] = e.headers.values[0:1:1]
	header["X-Content-Type-Options"] = noSniff
	// What comes in chunks may also have had a length, which net/http has dropped: an
	// attempt to smuggle a request in behind it. RFC 9112, 6.1.
	chunked := len(r.TransferEncoding) > 0
	if chunked || all.Closing() {
		header["Connection"] = closeConnection
	}
	e.body = sockets.SetPace(w, r, all.Pace, e.Start.Add(all.ReadTimeout))
	return e
}

// Values of headers, which all answers share.
var (
	closeConnection = []string{"close"}
	noSniff         = []string{"nosniff"}
)

// First returns the first value of a header, whose name is in the canonical form. Get
// would look at the form each time.
func First(header http.Header, name string) string {
	if values := header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// setID sets the id of a request: a copy of the client's own if it is one, as that is a part of
// the whole header and would keep it. Otherwise it is one that no other request has, which is no
// secret.
func (h *headers) setID(own string) {
	id := h.id[:32]
	if IsRequestID(own) {
		id = append(h.id[:0], own...)
	} else {
		var random [16]byte
		binary.BigEndian.PutUint64(random[:8], rand.Uint64())
		binary.BigEndian.PutUint64(random[8:], rand.Uint64())
		hex.Encode(id, random[:])
	}
	h.values[0] = inPlace(id)
}

// inPlace returns bytes as a string without a copy. Nobody may change them any more.
func inPlace(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// RequestIDPattern is the form of a request's id. A client's own id is kept if it
// matches: UUIDs, ULIDs and base64 do, and "Root=1-67891233-abcdef012345678912345678".
// None of its characters has to be escaped in a log, a shell or a query.
const RequestIDPattern = `^[A-Za-z0-9._:;,=+/-]{1,128}$`

const longestID = 128

// IsRequestID reports whether s matches [RequestIDPattern]. A regular expression would
// take longer than the rest of the middleware.
func IsRequestID(s string) bool {
	if len(s) == 0 || len(s) > longestID {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._:;,=+/-", c) >= 0:
		default:
			return false
		}
	}
	return true
}
