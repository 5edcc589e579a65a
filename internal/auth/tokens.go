package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"tagifai/internal/config"
)

const (
	leeway     = 30 * time.Second // that the clocks of the issuer and of this machine may differ by
	maxToken   = 16 << 10         // bytes
	maxSubject = 128              // bytes
)

// tokens are JSON Web Tokens of one issuer.
type tokens struct {
	issuer *issuer
	parser *jwt.Parser
	claim  string // that names the actions
}

func newTokens(settings config.Access) *tokens {
	algorithms := make([]string, len(settings.JWTAlgorithms))
	for i, algorithm := range settings.JWTAlgorithms {
		algorithms[i] = string(algorithm)
	}
	options := []jwt.ParserOption{jwt.WithValidMethods(algorithms), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway)}
	if settings.JWTIssuer != "" {
		options = append(options, jwt.WithIssuer(settings.JWTIssuer))
	}
	if len(settings.JWTAudience) > 0 {
		options = append(options, jwt.WithAudience(settings.JWTAudience...))
	}
	return &tokens{newIssuer(settings.JWKS), jwt.NewParser(options...), settings.JWTClaim}
}

// What is wrong with a token.
var (
	errTokenLarge     = &CredentialError{"The token is too large"}
	errTokenMalformed = &CredentialError{"The token is not a JSON Web Token"}
	errTokenKey       = &CredentialError{"The token is signed with a key that the issuer does not have"}
	errTokenSignature = &CredentialError{"The signature of the token is wrong, or of an algorithm that is not allowed here"}
	errTokenExpired   = &CredentialError{"The token has expired"}
	errTokenEarly     = &CredentialError{"The token is not valid yet"}
	errTokenIssuer    = &CredentialError{"The token is of another issuer"}
	errTokenAudience  = &CredentialError{"The token is for another audience"}
	errTokenEndless   = &CredentialError{"The token has no exp: it would never expire"}
	errTokenCritical  = &CredentialError{"The token has the header crit, of which nothing is supported here"}
	errTokenSubject   = &CredentialError{"The token has no sub of 1 to 128 printable bytes"}
	errTokenModels    = &CredentialError{"The claim models of the token is not a list of patterns"}
	errTokenClaims    = &CredentialError{"A claim of the token has the wrong type"}
)

// authenticate returns the principal of a token.
func (t *tokens) authenticate(ctx context.Context, token string, now time.Time) (*Principal, error) {
	if len(token) > maxToken {
		return nil, errTokenLarge
	}
	if t.issuer.keys.Load() == nil {
		t.issuer.refreshSoon(ctx)
	}
	keys := t.issuer.keys.Load()
	if keys == nil {
		return nil, ErrUnavailable
	}
	sum := sha256.Sum256([]byte(token))
	if e := keys.verified.find(&sum); e != nil {
		if e.expired(now) {
			return nil, errTokenExpired
		}
		return &e.principal, nil
	}
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(token, claims, func(token *jwt.Token) (any, error) {
		if _, ok := token.Header["crit"]; ok {
			return nil, errTokenCritical
		}
		key, err := keys.Keyfunc.Keyfunc(token)
		if errors.Is(err, jwkset.ErrKeyNotFound) { // it may be newer than our copy of the set
			t.issuer.refreshSoon(ctx)
			keys = t.issuer.keys.Load()
			key, err = keys.Keyfunc.Keyfunc(token)
		}
		if err != nil {
			return nil, errTokenKey
		}
		return key, nil
	})
	if err != nil {
		return nil, tokenError(err)
	}
	e, err := t.entryOf(claims)
	if err != nil {
		return nil, err
	}
	e.sum = sum
	keys.verified.add(e)
	return &e.principal, nil
}

// tokenError returns what the error of the library is to the client.
func tokenError(err error) error {
	if own, ok := errors.AsType[*CredentialError](err); ok {
		return own
	}
	for _, known := range []struct {
		is   error
		then *CredentialError
	}{
		{jwt.ErrTokenMalformed, errTokenMalformed},
		{jwt.ErrTokenUnverifiable, errTokenSignature},
		{jwt.ErrTokenSignatureInvalid, errTokenSignature},
		{jwt.ErrTokenRequiredClaimMissing, errTokenEndless},
		{jwt.ErrTokenExpired, errTokenExpired},
		{jwt.ErrTokenNotValidYet, errTokenEarly},
		{jwt.ErrTokenInvalidIssuer, errTokenIssuer},
		{jwt.ErrTokenInvalidAudience, errTokenAudience},
	} {
		if errors.Is(err, known.is) {
			return known.then
		}
	}
	return errTokenClaims
}

// entryOf returns what the claims of a verified token say.
func (t *tokens) entryOf(claims jwt.MapClaims) (*entry, error) {
	subject, err := claims.GetSubject()
	if err != nil || subject == "" || len(subject) > maxSubject || strings.ContainsFunc(subject, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil, errTokenSubject
	}
	expires, err := claims.GetExpirationTime()
	if err != nil {
		return nil, errTokenClaims
	}
	p := Principal{id: "jwt:" + subject}
	actions, _ := words(claims[t.claim]) // what is no list of words names no action
	for _, word := range actions {
		if a, err := ParseAction(word); err == nil { // others are for other services
			p.actions |= a
		}
	}
	if claim, ok := claims["models"]; ok {
		if p.models, ok = words(claim); !ok || CheckPatterns(p.models) != nil {
			return nil, errTokenModels
		}
	}
	return &entry{expires: expires.Add(leeway), principal: p}, nil
}

// words returns the words of a claim, which are a list or are separated by spaces.
func words(claim any) (list []string, ok bool) {
	switch claim := claim.(type) {
	case string:
		return strings.Fields(claim), true
	case []any:
		list = []string{} // as nil models would be every model
		for _, item := range claim {
			word, ok := item.(string)
			if !ok {
				return nil, false
			}
			list = append(list, word)
		}
		return list, true
	}
	return nil, false
}

// verified are tokens that need not be verified again: that takes longer than the rest of
// a request. Only who has a valid token can add one, and there are at most maxVerified.
type verified struct {
	mu    sync.RWMutex
	table table
}

const maxVerified = 1000

func (v *verified) find(sum *[32]byte) *entry {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.table.find(sum)
}

func (v *verified) add(e *entry) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.table == nil || len(v.table) >= maxVerified {
		v.table = make(table)
	}
	v.table[prefix(&e.sum)] = e
}
