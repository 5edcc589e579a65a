package mlflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxAnswer    = 4 << 20 // bytes of what the server says, beside files
	maxRedirects = 5
	silence      = 30 * time.Second // after which a server is taken for dead
)

// Credentials are what MLflow's clients take from the environment.
type Credentials struct {
	Username string // MLFLOW_TRACKING_USERNAME
	Password string // MLFLOW_TRACKING_PASSWORD
	Token    string // MLFLOW_TRACKING_TOKEN; used if there are no name and password
}

// A client asks a tracking server. No error of it has the credentials.
type client struct {
	base        *url.URL
	credentials Credentials
	http        *http.Client
}

func newClient(server string, credentials Credentials) (*client, error) {
	base, err := url.Parse(server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the tracking server is not an address such as http://127.0.0.1:5000") // without it: it may have a password
	}
	if base.User != nil {
		credentials = Credentials{Username: base.User.Username()}
		credentials.Password, _ = base.User.Password()
		base.User = nil
	}
	base.RawQuery, base.Fragment = "", ""
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: silence}).DialContext
	transport.ResponseHeaderTimeout = silence
	c := &client{base: base, credentials: credentials}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c, nil
}

// checkRedirect keeps requests, which carry the credentials, at the server.
func (c *client) checkRedirect(r *http.Request, via []*http.Request) error {
	switch {
	case r.URL.Scheme != c.base.Scheme || r.URL.Host != c.base.Host:
		return fmt.Errorf("redirects to %s://%s, which is not followed: the credentials are for %s", r.URL.Scheme, r.URL.Host, c.base.Host)
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// get asks for a path of the server's API. The caller closes the body of the answer,
// whose status is 200.
func (c *client) get(ctx context.Context, path []string, query url.Values) (*http.Response, error) {
	u := c.base.JoinPath(path...)
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, c.errorf("%w", err)
	}
	switch {
	case c.credentials.Username != "":
		r.SetBasicAuth(c.credentials.Username, c.credentials.Password)
	case c.credentials.Token != "":
		r.Header.Set("Authorization", "Bearer "+c.credentials.Token)
	}
	response, err := c.http.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address, which the caller names
		}
		return nil, c.errorf("%w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.statusError(response)
}

// statusError says what the server has against a request.
func (c *client) statusError(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // as much as there is
	var answer struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return c.errorf("%s: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN", response.Status)
	}
	if json.Unmarshal(body, &answer) != nil || answer.Message == "" {
		return c.errorf("%s: is it a tracking server of MLflow?", response.Status)
	}
	return c.errorf("%s: %s", answer.Code, excerpt(answer.Message))
}

// getJSON asks for a path of the REST API, and decodes the answer.
func (c *client) getJSON(ctx context.Context, path string, query url.Values, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	response, err := c.get(ctx, []string{"api/2.0", path}, query)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return c.errorf("%w", err)
	}
	if len(body) > maxAnswer {
		return c.errorf("answers with more than the %d bytes that are allowed", maxAnswer)
	}
	if err := json.Unmarshal(body, answer, jsontext.AllowDuplicateNames(true)); err != nil {
		return c.errorf("its answer to %s is not what MLflow answers: %s", path, excerpt(err.Error()))
	}
	return nil
}

// errorf makes an error that names the server. What it cites of others may have the
// credentials, which are taken out.
func (c *client) errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	text := err.Error()
	for _, secret := range []string{c.credentials.Password, c.credentials.Token} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return &serverError{"tracking server " + c.base.String() + ": " + text, err}
}

// A serverError is an error of the server, or on the way to it.
type serverError struct {
	text  string
	cause error
}

func (e *serverError) Error() string { return e.text }
func (e *serverError) Unwrap() error { return e.cause }

// excerpt is the beginning of a text, on one line.
func excerpt(text string) string {
	const longest = 300
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longest {
		text = text[:longest] + "…"
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// A deadlineReader ends a download that stands still.
type deadlineReader struct {
	io.ReadCloser
	timer  *time.Timer
	cancel context.CancelFunc
}

func (d *deadlineReader) Read(p []byte) (int, error) {
	d.timer.Reset(silence)
	return d.ReadCloser.Read(p)
}

func (d *deadlineReader) Close() error {
	d.timer.Stop()
	d.cancel()
	return d.ReadCloser.Close()
}

// download asks for a file.
func (c *client) download(ctx context.Context, path []string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(silence, cancel)
	response, err := c.get(ctx, path, nil) //nolint:bodyclose // the caller does
	if err != nil {
		timer.Stop()
		cancel()
		return nil, err
	}
	return &deadlineReader{response.Body, timer, cancel}, nil
}
