package batch_test

import (
	"bytes"
	"database/sql"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"tagifai/internal/binarytest"
	"tagifai/internal/postgrestest"
)

// postgres returns the address of an empty database, and a function that restarts its
// server with further options.
func postgres(t *testing.T) (dsn string, restart func(options ...string)) {
	t.Helper()
	s := postgrestest.Start(t)
	return s.URL, s.Restart
}

// A run waits for PostgreSQL while that is restarted, and goes on.
func TestPostgresRestarted(t *testing.T) {
	binary := binarytest.Path(t)
	dsn, restart := postgres(t)
	source := sourceFile(t, 40_000)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	written := func() (rows int) {
		_ = db.QueryRow("SELECT count(*) FROM tagifai.predictions").Scan(&rows) // none while there is no table
		return rows
	}
	run := func(restarts int) ([]string, string) {
		var stderr bytes.Buffer
		cmd := exec.Command(binary, "batch", "--from", source, "--id", "id", "--to", dsn, "--no-resume")
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		rows := 0
		for restarts > 0 && len(ended) == 0 {
			if now := written(); now > rows {
				rows = now
				restart()
				restarts--
			}
		}
		if err := <-ended; err != nil {
			t.Fatalf("%v: %s", err, stderr.String())
		}
		return tableRows(t, "pgx", dsn, "tagifai.results"), stderr.String()
	}
	want, _ := run(0)
	if _, err := db.Exec("TRUNCATE tagifai.predictions"); err != nil {
		t.Fatal(err)
	}
	got, stderr := run(2)
	if !slices.Equal(got, want) {
		t.Errorf("%d rows, want the same %d", len(got), len(want))
	}
	if !strings.Contains(stderr, "waiting for the database") {
		t.Errorf("it did not wait: %s", stderr)
	}
}
