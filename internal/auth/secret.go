package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// secretPrefix lets people, and programs that look for secrets in the wrong places,
// recognise one of ours.
const secretPrefix = "tagifai_"

// maxSecret is how long a secret may be; ours have 60 bytes.
const maxSecret = 256

// NewSecret returns a secret of 256 random bits, and its SHA-256.
func NewSecret() (secret string, sum [32]byte) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // it never fails
	secret = secretPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
	return secret, sha256.Sum256([]byte(secret))
}
