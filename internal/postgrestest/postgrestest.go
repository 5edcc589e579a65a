// Package postgrestest starts a PostgreSQL server for a test.
package postgrestest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A Server is a server of PostgreSQL with an empty database.
type Server struct {
	URL string // without a password

	t         testing.TB
	bin, data string
	options   string
}

// Start starts a server until the test ends. It skips the test if PostgreSQL is not
// installed.
func Start(t testing.TB) *Server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Skip("PostgreSQL is not installed: there is no /usr/lib/postgresql/*/bin/initdb")
	}
	// The server refuses to run as root, and its user must get to the directory.
	dir, err := os.MkdirTemp("/tmp", "tagifai-postgres-") //nolint:usetesting // that of t is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "postgres", dir).CombinedOutput(); err != nil {
			t.Skipf("there is no user postgres, and the server refuses to run as root: %s", out)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	s := &Server{
		URL:     fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port),
		t:       t,
		bin:     filepath.Dir(found[len(found)-1]),
		data:    filepath.Join(dir, "data"),
		options: fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off", port, dir),
	}
	s.run("initdb", "-D", s.data, "-A", "trust", "-U", "postgres", "--no-sync")
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start starts the server again after Stop, with more options of postgres.
func (s *Server) Start(options ...string) {
	s.t.Helper()
	s.run("pg_ctl", "-D", s.data, "-o", strings.Join(append(options, s.options), " "), "-l", s.data+".log", "-w", "start")
}

// Stop stops the server as a crash would. It does nothing if the server is not running.
func (s *Server) Stop() {
	s.t.Helper()
	if _, err := os.Stat(filepath.Join(s.data, "postmaster.pid")); err == nil {
		s.run("pg_ctl", "-D", s.data, "-m", "immediate", "-w", "stop")
	}
}

func (s *Server) run(name string, args ...string) {
	s.t.Helper()
	line := append([]string{filepath.Join(s.bin, name)}, args...)
	if os.Getuid() == 0 {
		line = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, line...)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = filepath.Dir(s.data)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%q: %v: %s", line, err, out)
	}
}
