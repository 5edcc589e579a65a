package auth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"

	"tagifai/internal/config"
	"tagifai/internal/roots"
)

const (
	fetchTimeout = 5 * time.Second
	refreshEvery = 5 * time.Minute
	maxJWKS      = 1 << 20 // bytes
	maxJWKSKeys  = 100
	maxRedirects = 5
)

// refreshPause is the least time between two fetches, of which tokens with unknown keys
// could otherwise cause any number.
var refreshPause = 10 * time.Second // shorter in tests

// An issuer is where the keys come from that tokens are signed with.
type issuer struct {
	location string // file or URL
	remote   bool
	client   *http.Client

	turn    chan struct{} // holds an item while somebody reads
	last    time.Time     // when somebody last began to; guarded by turn
	lastSum [32]byte      // of what was read; likewise

	keys atomic.Pointer[keySet] // nil until they have been read
}

// A keySet is what the issuer published at some time, and the tokens that were verified
// with it.
type keySet struct {
	keyfunc.Keyfunc
	verified verified
}

func newIssuer(location config.JWKS) *issuer {
	i := &issuer{location: string(location), remote: location.IsURL(), turn: make(chan struct{}, 1)}
	if strings.HasPrefix(i.location, "https:") {
		roots.UseFallback()
	}
	i.client = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return new(config.JWKS).UnmarshalText([]byte(r.URL.String()))
		},
	}
	return i
}

// refresh reads the set again and reports whether it has changed.
func (i *issuer) refresh(ctx context.Context) (changed bool, err error) {
	if err := i.lock(ctx); err != nil {
		return false, err
	}
	defer i.unlock()
	return i.read(ctx)
}

// refreshSoon reads the set again unless that was done, or tried, a moment ago.
func (i *issuer) refreshSoon(ctx context.Context) {
	if i.lock(ctx) != nil {
		return
	}
	defer i.unlock()
	if i.remote && time.Since(i.last) >= refreshPause {
		_, _ = i.read(context.WithoutCancel(ctx)) // others wait for it, too; Follow tells of errors
	}
}

func (i *issuer) lock(ctx context.Context) error {
	select {
	case i.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *issuer) unlock() { <-i.turn }

// read does so for who has the turn.
func (i *issuer) read(ctx context.Context) (changed bool, err error) {
	i.last = time.Now()
	var data []byte
	if i.remote {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		data, err = i.fetch(ctx)
	} else {
		data, err = readAtMost(i.location, maxJWKS)
	}
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(data)
	if i.keys.Load() != nil && sum == i.lastSum {
		return false, nil
	}
	keys, err := parseJWKS(data)
	if err != nil {
		return false, fmt.Errorf("%s: %w", i.location, err)
	}
	i.keys.Store(&keySet{Keyfunc: keys})
	i.lastSum = sum
	return true, nil
}

func (i *issuer) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.location, http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := i.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", i.location, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxJWKS+1))
	if err == nil && len(data) > maxJWKS {
		err = fmt.Errorf("%s: the answer has more than %d bytes", i.location, maxJWKS)
	}
	return data, err
}

// parseJWKS reads a JWK Set. Keys that cannot verify signatures, or that would have to be
// secret, are left out.
func parseJWKS(data []byte) (keyfunc.Keyfunc, error) {
	var set jwkset.JWKSMarshal
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("it is not a JWK Set: %w", err)
	}
	if len(set.Keys) > maxJWKSKeys {
		return nil, fmt.Errorf("it has %d keys, more than %d", len(set.Keys), maxJWKSKeys)
	}
	var keys []jwkset.JWK
	for _, key := range set.Keys {
		if key.KTY == jwkset.KtyOct || key.USE != "" && key.USE != jwkset.UseSig || key.CRV == jwkset.CrvX25519 {
			continue
		}
		jwk, err := jwkset.NewJWKFromMarshal(key, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if errors.Is(err, jwkset.ErrUnsupportedKey) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key.KID, err)
		}
		keys = append(keys, jwk)
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no public key for signatures")
	}
	storage := jwkset.NewMemoryStorage()
	if err := storage.KeyReplaceAll(context.Background(), keys); err != nil {
		return nil, err
	}
	return keyfunc.New(keyfunc.Options{Storage: storage})
}
