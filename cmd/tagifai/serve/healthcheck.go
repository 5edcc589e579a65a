package serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/config"
)

// Healthcheck is tagifai healthcheck.
type Healthcheck struct {
	Addr    *string       `placeholder:"HOST:PORT" help:"Address of the service; the one in the settings if left out."`
	Config  *string       `placeholder:"FILE" help:"File of settings (YAML) that the service has."`
	Timeout time.Duration `default:"5s" placeholder:"DURATION" help:"Longest time that an answer may take (${default})."`
}

// Help is what --help shows below the usage.
func (Healthcheck) Help() string {
	return "The exit code is 0 if the service answers GET /readyz and is ready, and 1 if not. It reads the settings as serve does, without the flags of serve.\n\n" +
		"Example:\n\n    HEALTHCHECK CMD [\"/tagifai\", \"healthcheck\"]"
}

// Run asks the service, and returns an error if it is not ready.
func (c Healthcheck) Run(ctx context.Context, env cli.Env) error {
	var settings config.Settings
	flags := config.Flags{}
	if c.Addr != nil {
		flags["addr"] = *c.Addr
	}
	if _, err := config.Load(&settings, config.Sources{File: c.Config, Environ: os.Environ(), Flags: flags}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	url, err := healthURL(&settings)
	if err != nil {
		return err
	}
	// It asks itself: the certificate is for the names that others know it by.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return err
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%s: %s; the setting open has to have health in it", url, response.Status)
	default:
		return fmt.Errorf("%s: %s: %s", url, response.Status, bytes.TrimSpace(body))
	}
	_, err = fmt.Fprintln(env.Out, url, "is ready")
	return err
}

// healthURL returns where the service with these settings says whether it is ready.
func healthURL(s *config.Settings) (string, error) {
	addr, scheme := s.Addr, "http"
	switch {
	case s.TLSClientCA != "" && s.AdminAddr != "" && s.AdminPlain:
		addr = s.AdminAddr
	case s.TLSClientCA != "":
		return "", errors.New("clients need a certificate (tls-client-ca); set admin-addr and admin-plain, and the address of these is asked")
	case s.TLSCert != "":
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1" // needs no name service, which an image may not have
	}
	return scheme + "://" + net.JoinHostPort(host, port) + "/readyz", nil
}
