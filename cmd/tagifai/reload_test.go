package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tagifai/model"
)

const (
	reloaded = "model reloaded"
	refused  = "new model refused, the old one serves on"
)

// runs are artifact directories, one of them bad, and a link to the current one.
type runs struct{ dir string }

func newRuns(t *testing.T, current string) runs {
	t.Helper()
	r := runs{t.TempDir()}
	for _, run := range []string{"first", "second", "third", "bad"} {
		a, err := model.ReadArtifact(model.DefaultFS())
		if err != nil {
			t.Fatal(err)
		}
		a.RunID = run
		if err := a.Write(filepath.Join(r.dir, run), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(filepath.Join(r.dir, "bad", model.WeightsFile), 1000); err != nil {
		t.Fatal(err)
	}
	r.point(t, current)
	return r
}

func (r runs) current() string { return filepath.Join(r.dir, "current") }

// point makes a run the current one.
func (r runs) point(t *testing.T, run string) {
	t.Helper()
	if err := os.Symlink(run, r.current()+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.current()+".new", r.current()); err != nil {
		t.Fatal(err)
	}
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	answer, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// serves looks at which run answers.
func (s *serving) serves(t *testing.T, run string) {
	t.Helper()
	code, body := post(t, "http://"+s.addr+"/predict?include=model", `{"texts":[{"text":"a"}]}`)
	if code != http.StatusOK || !strings.Contains(body, `"model":"`+run+`"`) {
		t.Errorf("got %d, want the model %s: %s", code, run, body)
	}
}

// A new model goes live when it is asked for, and a bad one does not.
func TestReload(t *testing.T) {
	r := newRuns(t, "first")
	s := startServe(t, "--model", r.current(), "--admin-addr", "127.0.0.1:0")
	reload := "http://" + s.admin + "/reload"
	hangUp := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	s.serves(t, "first")

	r.point(t, "second")
	s.serves(t, "first")
	hangUp()
	if line := s.logged(t, reloaded); line.RunID != "second" {
		t.Errorf("got %+v", line)
	}
	s.serves(t, "second")

	r.point(t, "third")
	if code, body := post(t, reload, ""); code != http.StatusOK || !strings.Contains(body, `"run_id":"third"`) {
		t.Errorf("got %d: %s", code, body)
	}
	s.serves(t, "third")

	r.point(t, "bad")
	if code, body := post(t, reload, ""); code != http.StatusConflict || !strings.Contains(body, model.WeightsFile) {
		t.Errorf("got %d: %s", code, body)
	}
	s.logged(t, refused)
	hangUp()
	if line := s.logged(t, refused); line.Why != "SIGHUP" || !strings.Contains(line.Error, model.WeightsFile) {
		t.Errorf("got %+v", line)
	}
	s.serves(t, "third")
}

// With --watch it goes live by itself. --model names the directory, or the weights file
// in it.
func TestWatch(t *testing.T) {
	for _, file := range []string{"", model.WeightsFile} {
		t.Run("current/"+file, func(t *testing.T) {
			r := newRuns(t, "first")
			s := startServe(t, "--model", filepath.Join(r.current(), file), "--watch")
			s.serves(t, "first")
			r.point(t, "second")
			s.logged(t, reloaded)
			s.serves(t, "second")
			r.point(t, "bad")
			if line := s.logged(t, refused); !strings.HasPrefix(line.Why, "a change in ") {
				t.Errorf("got %+v", line)
			}
			s.serves(t, "second")
			r.point(t, "third")
			s.logged(t, reloaded)
			s.serves(t, "third")
		})
	}
}

// A pipe in a directory, which nobody writes to, is refused at once.
func TestPipe(t *testing.T) {
	r := newRuns(t, "first")
	pipe := filepath.Join(r.dir, "second", "args.json")
	if err := errors.Join(os.Remove(pipe), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	const want = "args.json: is a FIFO"
	fail(t, []string{want}, "serve", "--addr", "127.0.0.1:0", "--model", filepath.Join(r.dir, "second"), "--load-timeout", "1h")

	s := startServe(t, "--model", r.current(), "--admin-addr", "127.0.0.1:0", "--load-timeout", "1h")
	reload := "http://" + s.admin + "/reload"
	r.point(t, "second")
	if code, body := post(t, reload, ""); code != http.StatusConflict || !strings.Contains(body, want) {
		t.Errorf("got %d: %s", code, body)
	}
	s.serves(t, "first")
	r.point(t, "third")
	if code, body := post(t, reload, ""); code != http.StatusOK || !strings.Contains(body, `"run_id":"third"`) {
		t.Errorf("got %d: %s", code, body)
	}
	s.serves(t, "third")
}
