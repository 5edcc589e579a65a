package roots_test

import (
	"crypto/x509"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"tagifai/internal/roots"
)

// Where the system has no root certificates, those of the program are trusted.
func TestFallbackRoots(t *testing.T) {
	const variable = "TAGIFAI_TEST_ROOTS"
	switch os.Getenv(variable) {
	case "fallback":
		roots.UseFallback()
		fallthrough
	case "none":
		for root := range bundle.Roots() {
			certificate, err := x509.ParseCertificate(root.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := certificate.Verify(x509.VerifyOptions{}); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Fatal("there are no roots")
	}
	for kind, want := range map[string]bool{"fallback": true, "none": false} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFallbackRoots$")
		cmd.Env = append(os.Environ(), variable+"="+kind, "SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR="+t.TempDir())
		if out, err := cmd.CombinedOutput(); (err == nil) != want {
			t.Errorf("%s: trusted %v, want %v: %s", kind, err == nil, want, out)
		}
	}
}
