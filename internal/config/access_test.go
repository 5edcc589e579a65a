package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

// What the settings of keys and tokens may be. None of them may leave the service open by
// mistake, or show a password.
func TestAccess(t *testing.T) {
	const plain = "is not encrypted on its way; give an https URL, or a file"
	tests := []struct {
		name  string
		flags config.Flags
		want  string
	}{
		{"keys", config.Flags{"keys-file": "keys.yaml"}, ""},
		{"keys, of an unset variable", config.Flags{"keys-file": ""}, `keys-file: "" (flag --keys-file) is empty; leave it out if everybody may do everything`},
		{"tokens, of an unset variable", config.Flags{"jwks": ""}, `jwks: "" (flag --jwks) is empty; leave it out if everybody may do everything`},
		{"a file", config.Flags{"jwks": "jwks.json"}, ""},
		{"https", config.Flags{"jwks": "https://issuer.example:8443/a/jwks.json?p=1"}, ""},
		{"http of this machine", config.Flags{"jwks": "http://127.0.0.1:8080/jwks.json"}, ""},
		{"http of this machine, IPv6", config.Flags{"jwks": "http://[::1]/jwks.json"}, ""},
		{"http", config.Flags{"jwks": "http://issuer.example/a"}, `jwks: "http://issuer.example/a" (flag --jwks) ` + plain},
		{"http of a name like this machine's", config.Flags{"jwks": "http://localhost.example/a"}, `jwks: "http://localhost.example/a" (flag --jwks) ` + plain},
		{"another scheme", config.Flags{"jwks": "ftp://a/b"}, `jwks: "ftp://a/b" (flag --jwks) is a URL that cannot be read; give an https URL, or a file`},
		{"no host", config.Flags{"jwks": "https:///a"}, `jwks: "https:///a" (flag --jwks) is not a URL; give one such as https://issuer.example/jwks.json`},
		{"a password", config.Flags{"jwks": "https://ann:secret@issuer.example/a"}, `jwks: "https://…@issuer.example/a" (flag --jwks) has a name or a password in it, which would be shown wherever the settings are; a JWK Set is public`},
		{"a password in what is no URL", config.Flags{"jwks": "https://ann:se%cret@issuer.example/a"}, `jwks: "https://…@issuer.example/a" (flag --jwks) is not a URL; give one such as https://issuer.example/jwks.json`},
		{"an issuer without keys", config.Flags{"jwt-issuer": "a"}, `jwt-issuer: "a" (flag --jwt-issuer) is of no use without jwks; name the keys of the issuer, or leave it out`},
		{"an audience without keys", config.Flags{"jwt-audience": "a"}, `jwt-audience: ["a"] (flag --jwt-audience) is of no use without jwks; name the keys of the issuer, or leave it out`},
		{"all of them", config.Flags{"jwks": "a", "jwt-issuer": "a", "jwt-audience": "a,b", "jwt-algorithms": "PS512,EdDSA", "jwt-claim": "roles"}, ""},
		{"no algorithm", config.Flags{"jwks": "a", "jwt-algorithms": ""}, `jwt-algorithms: [] (flag --jwt-algorithms) allows none; give those that the issuer uses`},
		{"none as the algorithm", config.Flags{"jwks": "a", "jwt-algorithms": "none"}, `jwt-algorithms: "none" (flag --jwt-algorithms) is not an algorithm with a public key; give RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA`},
		{"a symmetric algorithm", config.Flags{"jwks": "a", "jwt-algorithms": "RS256,HS256"}, `jwt-algorithms: "HS256" (flag --jwt-algorithms) is not an algorithm with a public key; give RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 or EdDSA`},
		{"no claim", config.Flags{"jwks": "a", "jwt-claim": ""}, `jwt-claim: "" (flag --jwt-claim) is empty; give the name of a claim such as scope`},
		{"what is open", config.Flags{"keys-file": "a", "open": "metrics,admin"}, ""},
		{"nothing is open", config.Flags{"keys-file": "a", "open": ""}, ""},
		{"an unknown part", config.Flags{"keys-file": "a", "open": "health,predict"}, `open: "predict" (flag --open) is not a part that can be open; give health, docs, metrics or admin`},
		{"something is closed, and everything is open", config.Flags{"open": "health"}, `open: ["health"] (flag --open) is of no use without keys-file or jwks, as everything is open; name one of them, or leave it out`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(new(config.Settings), config.Sources{Flags: test.flags})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("an empty variable", func(t *testing.T) {
		_, err := config.Load(new(config.Settings), config.Sources{Environ: []string{"TAGIFAI_KEYS_FILE="}})
		if err == nil || !strings.Contains(err.Error(), "is empty") {
			t.Errorf("got %v", err)
		}
	})
}
