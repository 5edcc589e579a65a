package batch_test

import (
	"bytes"
	"database/sql"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"tagifai/internal/postgrestest"
)

// postgres starts a database server and returns its address, and a function that
// restarts it with other options.
func postgres(t *testing.T) (dsn string, restart func(options ...string)) {
	t.Helper()
	s := postgrestest.Start(t)
	return s.URL, func(options ...string) {
		s.Stop()
		s.Start(options...)
	}
}

// A run waits for PostgreSQL while that is restarted, and goes on.
func TestPostgresRestarted(t *testing.T) {
	binary := build(t)
	dsn, restart := postgres(t)
	source := sourceFile(t, 60_000)
	run := func(restarts int) ([]string, string) {
		var stderr bytes.Buffer
		cmd := exec.Command(binary, "batch", "--from", source, "--id", "id", "--to", dsn, "--no-resume")
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range restarts {
			time.Sleep(500 * time.Millisecond)
			restart()
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		return tableRows(t, "pgx", dsn, "tagifai.results"), stderr.String()
	}
	want, _ := run(0)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("TRUNCATE tagifai.predictions"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	got, stderr := run(2)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want the same %d", len(got), len(want))
	}
	if !strings.Contains(stderr, "waiting for the database") {
		t.Errorf("it did not wait: %s", stderr)
	}
}
