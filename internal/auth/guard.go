package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
	"tagifai/internal/watch"
)

// Options are what a guard is made of.
type Options struct {
	Settings config.Access
	Log      zerolog.Logger
	Metrics  *prometheus.Registry
}

// A Guard knows the principals. Make it with [Open].
type Guard struct {
	log   zerolog.Logger
	stale *prometheus.GaugeVec // by source

	keysFile string
	keysSum  [32]byte // of the content of the file; only for reading it again
	keys     atomic.Pointer[table]

	tokens *tokens // nil without a JWK Set
}

// The sources of principals, as labels.
const (
	keysSource = "keys"
	jwksSource = "jwks"
)

// Open returns the guard that the settings ask for, nil if they ask for none. A bad file
// is an error. A JWK Set at a URL is not fetched yet: the issuer may be away while we start.
func Open(options Options) (*Guard, error) {
	settings := options.Settings
	if !settings.Guarded() {
		return nil, nil
	}
	g := &Guard{
		log: options.Log,
		stale: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tagifai_credentials_stale",
			Help: "1 while the keys, or the keys of the issuer of tokens, could not be read again and the old ones count.",
		}, []string{"source"}),
		keysFile: settings.KeysFile,
	}
	options.Metrics.MustRegister(g.stale)
	g.keys.Store(new(table))
	if g.keysFile != "" {
		if _, err := g.readKeys(); err != nil {
			return nil, fmt.Errorf("keys-file: %w", err)
		}
		g.stale.WithLabelValues(keysSource).Set(0)
	}
	if settings.JWKS != "" {
		g.tokens = newTokens(settings)
		if !g.tokens.issuer.remote {
			if _, err := g.tokens.issuer.refresh(context.Background()); err != nil {
				return nil, fmt.Errorf("jwks: %w", err)
			}
		}
		g.stale.WithLabelValues(jwksSource).Set(0)
		if len(settings.JWTAudience) == 0 {
			g.log.Warn().Msg("jwt-audience is not set: tokens that the issuer made for other services count here, too")
		}
	}
	return g, nil
}

// readKeys reads the keys file and reports whether it has changed.
func (g *Guard) readKeys() (changed bool, err error) {
	data, err := readAtMost(g.keysFile, maxKeyFile)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(data)
	if sum == g.keysSum {
		return false, nil
	}
	keys, err := parseKeys(data)
	if err != nil {
		return false, fmt.Errorf("%s%w", g.keysFile, err)
	}
	if len(keys) == 0 {
		g.log.Warn().Str("file", g.keysFile).Msg("the keys file has no key, so it lets nobody in; tagifai keys new makes one")
	}
	t := newTable(keys)
	g.keys.Store(&t)
	g.keysSum = sum
	return true, nil
}

// Follow reads the keys and the JWK Set again, at each hang-up, when a file changes, and
// after some minutes when the set is at a URL, until ctx ends. What cannot be read leaves
// the old in place.
func (g *Guard) Follow(ctx context.Context, hangups <-chan os.Signal) {
	keysChanged, jwksChanged := g.watch(ctx, g.keysFile), (<-chan struct{})(nil)
	next := time.NewTimer(0)
	defer next.Stop()
	if g.tokens == nil || !g.tokens.issuer.remote {
		next.Stop()
	}
	if g.tokens != nil && !g.tokens.issuer.remote {
		jwksChanged = g.watch(ctx, g.tokens.issuer.location)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			g.rereadKeys()
			g.refreshTokens(ctx, next)
		case <-keysChanged:
			g.rereadKeys()
		case <-jwksChanged:
			g.refreshTokens(ctx, next)
		case <-next.C:
			g.refreshTokens(ctx, next)
		}
	}
}

// watch returns a channel that holds an item after a change of a file, or beside it. It
// returns nil without a file.
func (g *Guard) watch(ctx context.Context, file string) <-chan struct{} {
	if file == "" {
		return nil
	}
	changes := make(chan struct{}, 1)
	changed := func() {
		select {
		case changes <- struct{}{}:
		default: // one is waiting, which will do
		}
	}
	failed := func(err error) {
		g.log.Warn().Err(err).Msg("a change may have been missed; SIGHUP reads the file again")
	}
	if err := watch.Dir(ctx, filepath.Dir(file), changed, failed); err != nil {
		g.log.Warn().Err(err).Str("file", file).Msg("changes are not noticed; SIGHUP reads the file again")
	}
	return changes
}

func (g *Guard) rereadKeys() {
	if g.keysFile == "" {
		return
	}
	changed, err := g.readKeys()
	g.tell(keysSource, changed, err)
}

func (g *Guard) refreshTokens(ctx context.Context, next *time.Timer) {
	if g.tokens == nil {
		return
	}
	changed, err := g.tokens.issuer.refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	g.tell(jwksSource, changed, err)
	switch {
	case !g.tokens.issuer.remote:
	case err != nil:
		next.Reset(refreshPause)
	default:
		next.Reset(refreshEvery)
	}
}

// tell says in the log and in the metrics what came of reading a source again.
func (g *Guard) tell(source string, changed bool, err error) {
	stale := g.stale.WithLabelValues(source)
	switch {
	case err != nil:
		stale.Set(1)
		g.log.Error().Err(err).Str("source", source).Msg("credentials not read; those from before count")
	case changed:
		stale.Set(0)
		g.log.Info().Str("source", source).Msg("credentials read again")
	default:
		stale.Set(0)
	}
}

// Why a request has no principal. A [CredentialError] is the third.
var (
	ErrNoCredential = errors.New("there is no credential")
	ErrUnavailable  = errors.New("the keys of the issuer could not be fetched yet")
)

// A CredentialError says what is wrong with a credential, to who sent it. It never holds
// the credential.
type CredentialError struct{ text string }

func (e *CredentialError) Error() string { return e.text }

var (
	errUnknown    = &CredentialError{"The key is not known: it is mistyped, or it was revoked"}
	errKeyExpired = &CredentialError{"The key has expired"}
)

// Authenticate returns the principal of a request with this header. If a key has expired,
// it returns both the principal, for the log, and an error.
func (g *Guard) Authenticate(ctx context.Context, header http.Header, now time.Time) (*Principal, error) {
	credential, bearer := credentialOf(header)
	if credential == "" {
		return nil, ErrNoCredential
	}
	if len(credential) <= maxSecret {
		var room [maxSecret]byte // or the conversion would allocate
		sum := sha256.Sum256(room[:copy(room[:], credential)])
		if e := g.keys.Load().find(&sum); e != nil {
			if e.expired(now) {
				return &e.principal, errKeyExpired
			}
			return &e.principal, nil
		}
	}
	if g.tokens != nil && bearer && strings.Count(credential, ".") == 2 {
		return g.tokens.authenticate(ctx, credential, now)
	}
	return nil, errUnknown
}

// credentialOf returns the credential of a request, "" if it has none, and whether it is a
// bearer token. That goes before a key: who sends both has logged in.
func credentialOf(header http.Header) (credential string, bearer bool) {
	const scheme = "Bearer "
	if values := header["Authorization"]; len(values) > 0 {
		if value := values[0]; len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
			return strings.TrimSpace(value[len(scheme):]), true
		}
	}
	if values := header["X-Api-Key"]; len(values) > 0 {
		return values[0], false
	}
	return "", false
}
