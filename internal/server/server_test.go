package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/server/exchange"
	"tagifai/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A service is a server that a test has started, and what it logs.
type service struct {
	*server.Server
	url  string
	logs *logtest.Log
	stop func() error // ends Run and returns what it returned
}

// settings returns the defaults with changes, for a server of a test.
func settings(changes ...func(*config.Settings)) config.Settings {
	s := config.Defaults()
	s.Addr, s.DrainDelay = "127.0.0.1:0", 0
	for _, change := range changes {
		change(&s)
	}
	return s
}

// networks are the settings that stand for addresses and networks.
func networks(texts ...string) []config.Network {
	list := make([]config.Network, len(texts))
	for i, text := range texts {
		if err := list[i].UnmarshalText([]byte(text)); err != nil {
			panic(err)
		}
	}
	return list
}

// defaultModel is loaded once: it is immutable.
var defaultModel = sync.OnceValues(model.Default)

// newRegistry returns a registry of what load loads, which has begun.
func newRegistry(tb testing.TB, load func() (*model.Model, error), log zerolog.Logger, metrics *prometheus.Registry) *registry.Registry {
	tb.Helper()
	r := registry.New(registry.Options{Source: config.Defaults().Source, Open: load, Log: log, Metrics: metrics})
	if err := r.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return r
}

// newServer returns a server that does not listen yet, of the default model if the
// options name no other.
func newServer(tb testing.TB, options server.Options) *server.Server {
	tb.Helper()
	if options.Metrics == nil {
		options.Metrics = prometheus.NewRegistry()
	}
	if options.Versions == nil {
		options.Versions = newRegistry(tb, defaultModel, options.Log, options.Metrics)
	}
	return server.New(options)
}

// start serves the default model on a free port until the test ends; prepare comes
// before.
func start(t *testing.T, settings config.Settings, prepare ...func(*server.Server)) *service {
	t.Helper()
	return startLoading(t, defaultModel, settings, prepare...)
}

// startLoading does so with the model that load loads.
func startLoading(t *testing.T, load func() (*model.Model, error), settings config.Settings, prepare ...func(*server.Server)) *service {
	t.Helper()
	logs, metrics := new(logtest.Log), prometheus.NewRegistry()
	log := zerolog.New(logs)
	return startServing(t, server.Options{Settings: settings, Versions: newRegistry(t, load, log, metrics), Metrics: metrics, Log: log}, logs, prepare...)
}

// startServing does so with these versions.
func startServing(t *testing.T, options server.Options, logs *logtest.Log, prepare ...func(*server.Server)) *service {
	t.Helper()
	options.Version = "v1.2.3"
	s := newServer(t, options)
	for _, f := range prepare {
		f(s)
	}
	checkExchanges(t, s)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-ran
	})
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return &service{s, "http://" + s.Addr(), logs, stop}
}

// An answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	length int64 // as announced
	body   string
	closes bool // the connection
}

func read(t *testing.T, r *http.Response) answer {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return answer{r.StatusCode, r.Header, r.ContentLength, string(body), r.Close}
}

// ask sends one request.
func (s *service) ask(t *testing.T, method, path string, header http.Header, body string) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity") // or the client asks for gzip, and hides it
	for key, values := range header {
		r.Header[key] = values
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

// raw sends bytes as they are and returns as many answers.
func (s *service) raw(t *testing.T, request string, answers int) []answer {
	t.Helper()
	return rawTo(t, s.Addr(), request, answers)
}

// rawTo sends bytes as they are to an address.
func rawTo(t *testing.T, addr, request string, answers int) []answer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	got := make([]answer, answers)
	for i := range got {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = read(t, response)
	}
	return got
}

// An envelope is any answer, decoded.
type envelope struct {
	exchange.Envelope
	Data   jsontext.Value `json:"data,omitzero"`
	Detail jsontext.Value `json:"detail,omitzero"`
}

func decodeEnvelope(t *testing.T, body string) envelope {
	t.Helper()
	var e envelope
	if err := json.Unmarshal([]byte(body), &e, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return e
}

func TestTakenPort(t *testing.T) {
	first := start(t, settings())
	second := newServer(t, server.Options{Settings: settings(func(c *config.Settings) { c.Addr = first.Addr() })})
	err := second.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), first.Addr()) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names %s", err, first.Addr())
	}
}

// slow makes a route that tells when it is asked and answers when it may.
func slow(asked chan<- struct{}, may <-chan struct{}) func(*server.Server) {
	return func(s *server.Server) {
		s.Route(http.MethodGet, "/slow", func(r *http.Request) (any, error) {
			asked <- struct{}{}
			select {
			case <-may:
				return "at last", nil
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
	}
}

func TestShutdownFinishesRequest(t *testing.T) {
	asked, may := make(chan struct{}), make(chan struct{})
	s := start(t, settings(), slow(asked, may))
	stopped := make(chan error, 1)
	go func() {
		<-asked
		go func() { stopped <- s.stop() }()
		for { // until no more connections are accepted
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				break
			}
			_ = conn.Close()
		}
		if len(stopped) > 0 {
			t.Error("Run returned with a request in flight")
		}
		close(may)
	}()
	answer := s.ask(t, http.MethodGet, "/slow", nil, "")
	if data := string(decodeEnvelope(t, answer.body).Data); data != `"at last"` {
		t.Errorf("got %s", data)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run: %v", err)
	}
}

// Whoever has connected before the service stops listening gets an answer.
func TestShutdownServesBacklog(t *testing.T) {
	s := newServer(t, server.Options{Settings: settings()})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	conns := make([]net.Conn, 50) // nobody has accepted them
	for i := range conns {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, "GET /args HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	lost := 0
	for _, conn := range conns {
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			lost++
			continue
		}
		if got := read(t, response); got.status != http.StatusOK {
			t.Errorf("got %d", got.status)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d connections were reset", lost, len(conns))
	}
	if conn, err := net.Dial("tcp", s.Addr()); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}

// At the end of the drain timeout the service cuts off what is left, says so if it can, and
// does not call it the client's doing.
func TestShutdownIsBounded(t *testing.T) {
	asked, never := make(chan struct{}), make(chan struct{})
	logs := new(logtest.Log)
	s := newServer(t, server.Options{Settings: settings(func(c *config.Settings) { c.DrainTimeout = 20 * time.Millisecond }), Log: zerolog.New(logs)})
	slow(asked, never)(s)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-asked
		cancel()
	}()
	ran := make(chan error)
	go func() { ran <- s.Run(ctx) }()
	serving := &service{s, "http://" + s.Addr(), logs, nil}
	parked := serving.park(t, 16000, "{")
	got := serving.ask(t, http.MethodGet, "/slow", nil, "")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d, %v", got.status, got.header)
	}
	if err := <-ran; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run: %v, want that the time is over", err)
	}
	logs.WaitFor(t, 2, `"status":503,`)
	logs.WaitFor(t, 2, `"reason":"drain_timeout"`)
	if b, err := io.ReadAll(parked); len(b) > 0 {
		t.Errorf("of a request whose body never came: got %q, %v", b, err)
	}
}

// The contract's own checker, for those who have it beside the project.
func TestContractChecker(t *testing.T) {
	checker := filepath.Join("..", "..", "..", "shared", "contract", "check.py")
	if _, err := os.Stat(checker); err != nil {
		t.Skipf("there is no %s", checker)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to run the checker with")
	}
	s := start(t, settings())
	output, err := exec.Command(python, checker, s.url).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
	t.Logf("%s", output)
}
