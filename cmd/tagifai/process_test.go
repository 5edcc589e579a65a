package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"tagifai/internal/binarytest"
)

// What only a process shows: signals, a closed pipe, the log, the linked version.
func TestProcess(t *testing.T) {
	binary := binarytest.Path(t)
	command := func(t *testing.T, args ...string) *exec.Cmd {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		t.Cleanup(cancel)
		return exec.CommandContext(ctx, binary, args...)
	}

	t.Run("version", func(t *testing.T) {
		out, err := command(t, "version").Output()
		if diff := cmp.Diff(fmt.Sprintf("%s%v", out, err), "tagifai "+binarytest.Version+"\n<nil>"); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("exit codes", func(t *testing.T) {
		absent := filepath.Join(t.TempDir(), "absent")
		for want, args := range [][]string{success: {"predict", "x"}, failure: {"predict", "--model", absent, "x"}, misuse: {"predict", "--models"}} {
			cmd := command(t, args...)
			_ = cmd.Run() // what it is about is its code
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("tagifai %q: exit code %d, want %d", args, got, want)
			}
		}
	})

	t.Run("closed pipe", func(t *testing.T) {
		var stderr bytes.Buffer
		cmd := command(t, "predict")
		cmd.Stdin = endless("Image segmentation\n")
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || parse[predicted](t, line).Text != "Image segmentation" {
			t.Errorf("%q: %v", line, err)
		}
		out.Close()
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%v, stderr %q", err, stderr.String())
		}
	})

	t.Run("interrupt", func(t *testing.T) {
		parent := t.TempDir()
		endless := readFile(t, quick(t, object{"num_epochs": 1 << 40}))
		for signal, code := range map[os.Signal]int{os.Interrupt: interrupted, syscall.SIGTERM: failure} {
			var stdout, stderr bytes.Buffer
			args := filepath.Join(t.TempDir(), "args.json")
			if err := syscall.Mkfifo(args, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, "train", "--data", labelled, "--args", args, "--out", filepath.Join(parent, "run"))
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// Once the pipe can be written to, the command has begun and minds signals.
			if err := os.WriteFile(args, []byte(endless), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its exit code is looked at
			got := outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
			if want := (outcome{code, "", "tagifai: interrupted\n"}); got != want {
				t.Errorf("%v: got %+v, want %+v", signal, got, want)
			}
		}
		if names := list(t, parent); len(names) > 0 {
			t.Errorf("left behind: %q", names)
		}
	})

	t.Run("serve", func(t *testing.T) {
		for signal, code := range map[os.Signal]int{os.Interrupt: interrupted, syscall.SIGTERM: success} {
			t.Run(signal.String(), func(t *testing.T) {
				serveUntil(t, command(t, "serve", "--addr", "127.0.0.1:0", "--drain-delay", "10ms"), signal, code)
			})
		}
	})

	t.Run("taken port", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		addr := listener.Addr().String()
		var stdout, stderr bytes.Buffer
		cmd := command(t, "serve", "--addr", addr)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		_ = cmd.Run() // its exit code is looked at
		if diff := cmp.Diff(fmt.Sprint(cmd.ProcessState.ExitCode(), stdout.String()), fmt.Sprint(failure, "")); diff != "" {
			t.Error(diff)
		}
		got := stderr.String()
		if first, rest, _ := strings.Cut(got, "\n"); strings.Contains(first, `"message":"model loaded"`) {
			got = rest // it is loaded while the service begins to listen, and may be sooner
		}
		if !strings.HasPrefix(got, "tagifai: ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, addr) || !strings.Contains(got, "in use; stop the process that has it, or give another port") {
			t.Errorf("stderr is not one clear line: %q", got)
		}
	})
}

// A logLine is what the tests look at in the log.
type logLine struct {
	Level   string `json:"level"`
	Message string `json:"message"`
	Addr    string `json:"addr"`
	Admin   string `json:"admin_addr"`
	RunID   string `json:"run_id"`
	Why     string `json:"why"`
	Error   string `json:"error"`
	Path    string `json:"path"`
	Status  int    `json:"status"`
	Version string `json:"version"`

	GoMemLimit string `json:"gomemlimit"`
}

// serveUntil starts the service, asks it, and sends it the signal while a request is
// under way. The service is to end with this exit code.
func serveUntil(t *testing.T, cmd *exec.Cmd, signal os.Signal, code int) {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	logged := func(message string) logLine {
		t.Helper()
		for log.Scan() {
			var line logLine
			if err := json.Unmarshal(log.Bytes(), &line); err != nil {
				t.Fatalf("the log is not JSON: %v in %q", err, log.Text())
			}
			if line.Message == message {
				return line
			}
		}
		t.Fatalf("nothing was logged with the message %q", message)
		return logLine{}
	}
	if limit := logged("limits").GoMemLimit; limit != "none" && !strings.HasSuffix(limit, "B") {
		t.Errorf("the log has %q as the limit of memory", limit)
	}
	serving := logged("serving")
	if serving.Version != binarytest.Version {
		t.Errorf("the log has %q as the version", serving.Version)
	}
	addr := serving.Addr

	const body = `{"texts":[{"text":"Transfer learning with BERT for named entity recognition."}]}`
	const want = "natural-language-processing"
	check := func(r *http.Response) {
		t.Helper()
		text, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%v: %s: %s", err, r.Status, text)
		}
		answer := parse[struct {
			Data struct{ Predictions []predicted } `json:"data"`
		}](t, strings.ReplaceAll(string(text), `"predictions"`, `"Predictions"`))
		if len(answer.Data.Predictions) != 1 || answer.Data.Predictions[0].Tag != want {
			t.Errorf("got %s, want the tag %s", text, want)
		}
	}
	response, err := http.Post("http://"+addr+"/predict", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	check(response)

	// The service says "continue" when its handler wants the body, so the request is
	// under way from then on.
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /predict HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", addr, len(body))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("%q: %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	logged("stopping")
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	last, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Body.Close()
	check(last)
	if _, err := io.Copy(io.Discard, stderr); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // its exit code is looked at
	if got := cmd.ProcessState.ExitCode(); got != code || stdout.Len() > 0 {
		t.Errorf("exit code %d, want %d; stdout %q", got, code, stdout.String())
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
}
