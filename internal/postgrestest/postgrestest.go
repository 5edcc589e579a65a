// Package postgrestest gives tests a PostgreSQL server.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// errMissing is why tests are skipped.
var errMissing = errors.New("PostgreSQL cannot be started")

// A Server is an empty database of the server that all tests of a package share. A test
// that calls Stop or Start must not run in parallel with others.
type Server struct {
	URL      string // without a password
	Database string // its name

	t testing.TB
	*cluster
}

// A cluster is a running server. It ends with the process of the tests.
type cluster struct {
	bin, data, options, address string

	open io.Closer // while this is, and this process lives, the server runs
}

var (
	shared    = sync.OnceValues(newCluster)
	databases atomic.Int64
)

// Start returns a new database, which is dropped when the test ends. It skips the test if
// PostgreSQL is not installed.
func Start(t testing.TB) *Server {
	t.Helper()
	c, err := shared()
	if errors.Is(err, errMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	s := &Server{URL: c.url(name), Database: name, t: t, cluster: c}
	s.exec("CREATE DATABASE " + name)
	t.Cleanup(func() { s.exec("DROP DATABASE " + name + " WITH (FORCE)") })
	return s
}

// Stop stops the server as a crash would, until Start or the end of the test.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.run("pg_ctl", "-D", s.data, "-m", "immediate", "-w", "stop"); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := s.run("pg_ctl", "-D", s.data, "status"); err != nil {
			s.Start()
		}
	})
}

// Start starts the server again after Stop.
func (s *Server) Start() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// Restart stops the server as a crash would and starts it again. Further options of
// postgres hold until the test ends.
func (s *Server) Restart(options ...string) {
	s.t.Helper()
	s.Stop()
	if err := s.start(options...); err != nil {
		s.t.Fatal(err)
	}
	if len(options) > 0 {
		s.t.Cleanup(func() { s.Restart() })
	}
}

// exec runs a statement in the database postgres.
func (s *Server) exec(statement string) {
	s.t.Helper()
	ctx := context.Background() // that of a test has ended before its cleanup
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// newCluster starts a server.
func newCluster() (*cluster, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: there is no /usr/lib/postgresql/*/bin/initdb", errMissing)
	}
	// The server refuses to run as root, and its user must get to the directory.
	dir, err := os.MkdirTemp("/tmp", "tagifai-postgres-")
	if err != nil {
		return nil, err
	}
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: it refuses to run as root, and there is no user postgres: %s", errMissing, out)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	if err := listener.Close(); err != nil {
		return nil, err
	}
	c := &cluster{
		bin:     filepath.Dir(found[len(found)-1]),
		data:    filepath.Join(dir, "data"),
		options: fmt.Sprintf("-p %s -k %s -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off", port, dir),
		address: address,
	}
	if err := c.endWithProcess(dir); err != nil {
		return nil, err
	}
	if err := c.run("initdb", "-D", c.data, "-A", "trust", "-U", "postgres", "--no-sync"); err != nil {
		return nil, err
	}
	return c, c.start()
}

// endWithProcess has a shell wait for the end of this process, however it ends. The shell
// then stops the server and removes its directory.
func (c *cluster) endWithProcess(dir string) error {
	const script = `trap '' INT TERM HUP; read -r _; if pid=$(head -n 1 "$0/data/postmaster.pid"); then kill -QUIT "$pid"; fi
while [ -e "$0/data/postmaster.pid" ] && kill -0 "$pid"; do sleep 0.1; done; rm -rf "$0"`
	guard := exec.Command("/bin/sh", "-c", script, dir)
	var err error
	if c.open, err = guard.StdinPipe(); err != nil {
		return err
	}
	return guard.Start()
}

func (c *cluster) start(options ...string) error {
	return c.run("pg_ctl", "-D", c.data, "-o", strings.Join(append(options, c.options), " "), "-l", c.data+".log", "-w", "start")
}

func (c *cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", c.address, database)
}

// run runs a program of PostgreSQL.
func (c *cluster) run(name string, args ...string) error {
	line := append([]string{filepath.Join(c.bin, name)}, args...)
	if os.Getuid() == 0 {
		line = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, line...)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = filepath.Dir(c.data)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w: %s", line, err, out)
	}
	return nil
}
