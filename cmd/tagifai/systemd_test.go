//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tagifai/internal/binarytest"
	"tagifai/internal/config"
)

// A systemd is what systemd is to the service: it has opened a socket, and hears when the
// service is ready.
type systemd struct {
	binary string
	socket *os.File
	notify *net.UnixConn
}

func newSystemd(t *testing.T, socket *os.File) *systemd {
	t.Helper()
	dir := t.TempDir()
	s := &systemd{binary: binarytest.Path(t), socket: socket}
	var err error
	if s.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.notify.Close() })
	return s
}

// command returns the command of the service, with the socket. The variable LISTEN_PID is
// that of the process, which only a shell knows beforehand.
func (s *systemd) command(args ...string) *exec.Cmd {
	cmd := exec.Command("sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, s.binary, "serve"}, args...)...)
	cmd.ExtraFiles = []*os.File{s.socket}
	cmd.Env = append(os.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+s.notify.LocalAddr().String())
	return cmd
}

// start starts the service and returns once it is ready.
func (s *systemd) start(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := s.command(args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	if err := s.notify.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	state := make([]byte, 100)
	n, err := s.notify.Read(state)
	if err != nil || string(state[:n]) != "READY=1" {
		t.Fatalf("got %q from the service: %v", state[:n], err)
	}
	return cmd
}

// While one process of the service follows another at the socket that systemd keeps open,
// no client is turned away.
func TestSocketActivation(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := newSystemd(t, socket)
	// Were the address listened at, the start would fail.
	args := []string{"--addr", listener.Addr().String(), "--drain-delay", "0s"}
	process := s.start(t, args...)

	var served atomic.Int64
	var ended atomic.Bool
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
			for !ended.Load() {
				response, err := client.Post("http://"+listener.Addr().String()+"/predict", "application/json",
					strings.NewReader(`{"texts":[{"text":"Object detection with YOLO"}]}`))
				if err != nil {
					t.Errorf("after %d requests: %v", served.Load(), err)
					return
				}
				body, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK {
					t.Errorf("after %d requests: %v: %s: %s", served.Load(), err, response.Status, body)
					return
				}
				served.Add(1)
			}
		})
	}
	const upgrades = 5
	for range upgrades {
		for before := served.Load(); served.Load() < before+20 && !t.Failed(); {
			time.Sleep(time.Millisecond)
		}
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := process.Wait(); err != nil {
			t.Fatal(err)
		}
		process = s.start(t, args...)
	}
	ended.Store(true)
	clients.Wait()
	t.Logf("%d requests were answered, by %d processes", served.Load(), upgrades+1)
}

// A socket that the service cannot use is an error.
func TestSocketActivationRefused(t *testing.T) {
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	unix, err := listener.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	s := newSystemd(t, unix)
	for want, socket := range map[string]*os.File{
		"the socket tagifai.socket, from systemd, is not one of TCP; give it an address such as ListenStream=8000": unix,
		"the socket tagifai.socket, from systemd: ":                                                                none,
	} {
		s.socket = socket
		cmd := s.command()
		cmd.Env = append(cmd.Env, "LISTEN_FDNAMES=tagifai.socket")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if got := stderr.String(); err == nil || !strings.Contains(got, want) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %v and %q, want a line with %q", fmt.Sprint(err), got, want)
		}
	}
}

const units = "../../configs/systemd"

// The service of the unit is as little exposed as it says, and systemd finds nothing wrong.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze to judge the units: install Debian's package systemd")
	}
	dir := t.TempDir()
	binary, err := os.Executable() // stands for the installed one
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range []string{"tagifai.service", "tagifai.socket"} {
		text := strings.ReplaceAll(readFile(t, filepath.Join(units, name)), "/usr/local/bin/tagifai", binary)
		files = append(files, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		append([]string{"verify"}, files...),
		{"security", "--offline=true", "--threshold=20", files[0]}, // in tenths
	} {
		if out, err := exec.Command(analyze, args...).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze %s: %v: %s", args[0], err, out)
		}
	}
}

// The settings in the unit are settings, and the service stops before systemd kills it.
func TestUnitSettings(t *testing.T) {
	var limit time.Duration
	for line := range strings.Lines(readFile(t, filepath.Join(units, "tagifai.service"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "Environment":
			for entry := range strings.FieldsSeq(value) {
				name, value, _ := strings.Cut(entry, "=")
				t.Setenv(name, value)
			}
		case "TimeoutStopSec":
			var err error
			if limit, err = time.ParseDuration(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	var settings config.Settings
	if _, err := config.Load(&settings, config.Sources{Environ: os.Environ()}); err != nil {
		t.Fatal(err)
	}
	if settings.DrainTimeout == config.Defaults().DrainTimeout && settings.DrainDelay == config.Defaults().DrainDelay {
		t.Error("the unit sets nothing")
	}
	if stop := settings.DrainDelay + settings.DrainTimeout; stop >= limit {
		t.Errorf("the service may take %v to stop, and systemd kills it after %v", stop, limit)
	}
}
