// Package ratelimit limits how many requests each client may send, and how many texts it
// may have predicted. It remembers a number of clients and forgets the one that was away
// longest, so that clients without number take bounded memory.
package ratelimit

import (
	"crypto/sha256"
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"tagifai/internal/config"
)

// Errors of [Limiter.Request] and [Limiter.Texts]. The first two come in an
// [ExceededError].
var (
	ErrRequests = errors.New("the client sends too many requests")
	ErrTexts    = errors.New("the client has too many texts predicted")
	ErrTooMany  = errors.New("the request has more texts than a client may have predicted in a minute")
)

// An ExceededError says that a client has to wait.
type ExceededError struct {
	Limit error         // ErrRequests or ErrTexts
	Wait  time.Duration // until the same would be allowed
}

func (e *ExceededError) Error() string { return e.Limit.Error() }

// Unwrap returns the limit.
func (e *ExceededError) Unwrap() error { return e.Limit }

// A Client is who is limited.
type Client struct {
	id      string
	network netip.Addr
}

// Principal returns the client with this id, wherever it asks from.
func Principal(id string) Client {
	const longest = 64 // that is kept
	if len(id) > longest {
		sum := sha256.Sum256([]byte(id))
		id = string(sum[:])
	}
	return Client{id: id}
}

// Address returns the client with this address. Those that share the first 64 bits of an
// IPv6 address are one: a client has as many of these addresses as it likes.
func Address(addr netip.Addr) Client {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		network, _ := addr.Prefix(64) // 64 bits are there
		addr = network.Addr()
	}
	return Client{network: addr}
}

// A Limiter limits clients. It is safe for concurrent use.
type Limiter struct {
	requests, texts quota
	policy          string // the value of the header
	clients         *lru.Cache[Client, *buckets]
}

// buckets are what a client has left; nil where there is no limit.
type buckets struct{ requests, texts *rate.Limiter }

// A quota fills up again at a rate. The zero quota is no limit.
type quota struct {
	name  string
	rate  rate.Limit // per second
	burst int        // when it is full
}

func (q quota) bucket() *rate.Limiter {
	if q.burst == 0 {
		return nil
	}
	return rate.NewLimiter(q.rate, q.burst)
}

// New returns what the settings ask for, nil if they ask for no limits.
func New(settings config.Clients) *Limiter {
	if settings.ClientRate == 0 && settings.ClientTexts == 0 {
		return nil
	}
	burst := settings.ClientBurst
	if burst == 0 {
		burst = settings.ClientRate
	}
	clients, err := lru.New[Client, *buckets](settings.MaxClients)
	if err != nil { // the number is not positive, which the settings see to
		panic(err)
	}
	l := &Limiter{
		requests: quota{"requests", rate.Limit(settings.ClientRate), burst},
		texts:    quota{"texts", rate.Limit(settings.ClientTexts) / 60, settings.ClientTexts},
		clients:  clients,
	}
	l.policy = l.policies()
	return l
}

// Len returns how many clients are remembered.
func (l *Limiter) Len() int { return l.clients.Len() }

// Request takes a request from what the client has left, or returns an [ExceededError].
func (l *Limiter) Request(c Client, now time.Time) error {
	return l.requests.take(l.of(c).requests, 1, now, ErrRequests)
}

// Texts takes so many texts from what the client has left. It returns an [ExceededError],
// or [ErrTooMany] if the client can never have so many at once.
func (l *Limiter) Texts(c Client, n int, now time.Time) error {
	if l.texts.burst > 0 && n > l.texts.burst {
		return ErrTooMany
	}
	return l.texts.take(l.of(c).texts, n, now, ErrTexts)
}

// take takes n from a bucket.
func (q quota) take(bucket *rate.Limiter, n int, now time.Time, limit error) error {
	if bucket == nil || bucket.AllowN(now, n) {
		return nil
	}
	return &ExceededError{limit, q.wait(float64(n) - bucket.TokensAt(now))}
}

// wait returns how long so many take to come back.
func (q quota) wait(missing float64) time.Duration {
	return time.Duration(max(0, missing) / float64(q.rate) * float64(time.Second))
}

// of returns the buckets of a client.
func (l *Limiter) of(c Client) *buckets {
	if b, ok := l.clients.Get(c); ok {
		return b
	}
	c.id = strings.Clone(c.id) // which may be a part of something larger
	b := &buckets{l.requests.bucket(), l.texts.bucket()}
	if before, ok, _ := l.clients.PeekOrAdd(c, b); ok {
		return before
	}
	return b
}

// Policy returns the limits as the header RateLimit-Policy has them, such as
// `"requests";q=20;w=2, "texts";q=600;w=60`: so many (q) in so many seconds (w). Format:
// draft-ietf-httpapi-ratelimit-headers-10.
func (l *Limiter) Policy() string { return l.policy }

func (l *Limiter) policies() string {
	var b []byte
	for _, q := range []quota{l.requests, l.texts} {
		if q.burst == 0 {
			continue
		}
		b = append(q.appendName(b), ";q="...)
		b = strconv.AppendInt(b, int64(q.burst), 10)
		b = append(b, ";w="...)
		b = strconv.AppendInt(b, Seconds(q.wait(float64(q.burst))), 10)
	}
	return string(b)
}

// Left returns what the client has left as the header RateLimit has it, such as
// `"requests";r=19;t=1, "texts";r=600;t=0`: so many (r), and all of it again in so many
// seconds (t).
func (l *Limiter) Left(c Client, now time.Time) string {
	of := l.of(c)
	var room [80]byte
	b := l.requests.appendLeft(room[:0], of.requests, now)
	return string(l.texts.appendLeft(b, of.texts, now))
}

func (q quota) appendLeft(b []byte, bucket *rate.Limiter, now time.Time) []byte {
	if bucket == nil {
		return b
	}
	left := max(0, bucket.TokensAt(now))
	b = append(q.appendName(b), ";r="...)
	b = strconv.AppendInt(b, int64(left), 10)
	b = append(b, ";t="...)
	return strconv.AppendInt(b, Seconds(q.wait(float64(q.burst)-left)), 10)
}

// appendName appends the name of an item of a list.
func (q quota) appendName(b []byte) []byte {
	if len(b) > 0 {
		b = append(b, ", "...)
	}
	return append(append(append(b, '"'), q.name...), '"')
}

// Seconds returns the whole seconds in which d is over.
func Seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
