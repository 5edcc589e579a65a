package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The service starts at once while the database is away, says so, and answers from it as
// soon as a batch has written it.
func TestServePredictions(t *testing.T) {
	dir := t.TempDir()
	to := "sqlite:" + filepath.Join(dir, "out.db")
	s := startServe(t, "--predictions", to)
	s.logged(t, "the predictions cannot be read; the requests for them get a 503")
	get := func(path string) (int, string) {
		t.Helper()
		answer, err := http.Get("http://" + s.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	if status, body := get("/predictions/a"); status != http.StatusServiceUnavailable {
		t.Errorf("before the batch: %d %s", status, body)
	}
	if status, body := get("/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	source := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(source, []byte("id,text\na,Image segmentation\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := batchRun(t, "", "--from", source, "--id", "id", "--to", to); o.code != success {
		t.Fatalf("%+v", o)
	}
	if status, body := get("/predictions/a"); status != http.StatusOK || !strings.Contains(body, `"predicted_tag":"computer-vision"`) || !strings.Contains(body, `"stale":false`) {
		t.Errorf("after the batch: %d %s", status, body)
	}
	s.logged(t, "the predictions can be read again")
}

// A host that does not answer delays nothing.
func TestServePredictionsUnreachable(t *testing.T) {
	start := time.Now()
	s := startServe(t, "--predictions", "postgres://me:s3cret@203.0.113.1/db", "--predictions-timeout", "100ms")
	line := s.logged(t, "the predictions cannot be read; the requests for them get a 503")
	if took := time.Since(start); took > 10*time.Second || strings.Contains(line.Error, "s3cret") {
		t.Errorf("after %s: %+v", took, line)
	}
}

// A password is never printed, wherever it comes from; a bad address ends the start.
func TestPredictionsPassword(t *testing.T) {
	const good = "postgres://me:s3cret@127.0.0.1:1/db?schema=tags&sslpassword=s3cret"
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("predictions: '"+good+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tagged := filepath.Join(t.TempDir(), "tagged.yaml")
	if err := os.WriteFile(tagged, []byte("predictions: !x '"+good+"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const shown = `predictions: "postgres://me:xxxxx@127.0.0.1:1/db?schema=tags&sslpassword=xxxxx"`
	for _, c := range []struct {
		name, environment string
		args              []string
		code              int
		want              string
	}{
		{"flag", "", []string{"--print-config", "--predictions", good}, success, shown},
		{"environment", good, []string{"--print-config"}, success, shown},
		{"file", "", []string{"--print-config", "--config", file}, success, shown},
		{"tag in the file", "", []string{"--config", tagged}, misuse, "has the tag"},
		{"another scheme", "", []string{"--predictions", "mysql://me:s3cret@h/db"}, misuse, "it is not the address of a database; give sqlite:FILE"},
		{"words", "", []string{"--predictions", "host=h password=s3cret"}, misuse, "it is not the address of a database; give sqlite:FILE"},
		{"not a URL", "", []string{"--predictions", "postgres://me:s3cret%@h/db"}, misuse, "with special characters of the password as %XX"},
		{"bad option", "", []string{"--predictions", "postgres://me:s3cret@h/db?sslmode=bogus"}, misuse, "sslmode"},
		{"bad option, password as another", "", []string{"--predictions", "postgres://h/db?sslmode=bogus&password=s3cret"}, misuse, "sslmode"},
		{"a table", "", []string{"--predictions", "sqlite:out.db?table=x"}, misuse, `there is no option "table"`},
		{"a schema of SQLite", "", []string{"--predictions", "sqlite:out.db?schema=x"}, misuse, "SQLite has no schemas"},
		{"a file alone", "", []string{"--predictions", "out.db"}, misuse, "sqlite:FILE or postgres://"},
		{"empty", "", []string{"--predictions", ""}, misuse, "is empty"},
		{"misspelled", "", []string{"--prediction=" + good}, misuse, "--predictions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.environment != "" {
				t.Setenv("TAGIFAI_PREDICTIONS", c.environment)
			}
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"serve", "--addr", "127.0.0.1:0"}, c.args...), strings.NewReader(""), &stdout, &stderr)
			all := stdout.String() + stderr.String()
			if code != c.code || !strings.Contains(all, c.want) || strings.Contains(all, "s3cret") {
				t.Errorf("%d, want %d and %q: %s", code, c.code, c.want, all)
			}
		})
	}
}
