package lookup_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/rs/zerolog"

	"tagifai/internal/logtest"
	"tagifai/internal/lookup"
	"tagifai/internal/postgrestest"
)

// A database that is not there, or has no tables, is an error of its own and in the log.
// The same table reads it as soon as it is there.
func TestNotYet(t *testing.T) {
	onBoth(t, func(t *testing.T, address string, db *sql.DB, schema string) {
		table, l := open(t, address)
		want := lookup.ErrNoTables
		if schema == "" {
			want = lookup.ErrUnavailable // there is no file
		}
		table.Check(t.Context())
		for range 3 {
			if _, err := newest(t, table, "tagger", "a"); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		if n := strings.Count(l.String(), `"level":"error"`); n != 1 {
			t.Errorf("%d errors in the log: %s", n, l)
		}
		write(t, address, "1", false, "a,Image segmentation")
		expect := func(when string) {
			t.Helper()
			got, err := newest(t, table, "tagger", "a")
			if diff := cmp.Diff(got, []string{"a 1 computer-vision"}); diff != "" || err != nil {
				t.Error(when, err, diff)
			}
		}
		expect("after the batch")
		if !strings.Contains(l.String(), "can be read again") {
			t.Errorf("the log: %s", l)
		}
		for _, statement := range []string{"DROP VIEW " + schema + "results", "DROP TABLE " + schema + "predictions"} {
			if _, err := db.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := newest(t, table, "tagger", "a"); !errors.Is(err, lookup.ErrNoTables) {
			t.Errorf("without the table: %v", err)
		}
		if schema == "" {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(strings.TrimPrefix(address, "sqlite:") + suffix)
			}
			return
		}
		if _, err := db.Exec("DROP SCHEMA tagifai CASCADE"); err != nil {
			t.Fatal(err)
		}
		write(t, address, "1", false, "a,Image segmentation")
		expect("made anew")
	})
}

// What is not a database, or must not be read, is an error and no end.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("id,text\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, file string
		want       error
		log        string
	}{
		{"absent", filepath.Join(dir, "absent"), lookup.ErrUnavailable, "unable to open database file"},
		{"directory", dir, lookup.ErrUnavailable, "cannot be read"},
		{"text", text, lookup.ErrUnavailable, "file is not a database"},
		{"empty", empty, lookup.ErrNoTables, "tagifai batch makes them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, l := open(t, "sqlite:"+c.file)
			if _, err := newest(t, table, "tagger", "a"); !errors.Is(err, c.want) || !strings.Contains(l.String(), c.log) {
				t.Errorf("got %v, want %v; the log: %s", err, c.want, l)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "absent")); err == nil {
		t.Error("the file was made")
	}
}

// Nothing can be written through a table.
func TestReadOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, address string, _ *sql.DB, schema string) {
		write(t, address, "1", false, "a,x")
		table, _ := open(t, address)
		if err := table.Exec("DELETE FROM " + schema + "predictions"); err == nil || !strings.Contains(err.Error(), "read") {
			t.Errorf("got %v", err)
		}
	})
}

// A server that stops and comes back is noticed, and told of.
func TestRestarted(t *testing.T) {
	s := postgrestest.Start(t)
	write(t, s.URL, "1", false, "a,Image segmentation")
	table, l := open(t, s.URL)
	if _, err := newest(t, table, "tagger", "a"); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	for range 3 {
		if _, err := newest(t, table, "tagger", "a"); !errors.Is(err, lookup.ErrUnavailable) {
			t.Errorf("while it is away: %v", err)
		}
	}
	s.Start()
	if got, err := newest(t, table, "tagger", "a"); err != nil || len(got) != 1 {
		t.Errorf("once it is back: %q, %v", got, err)
	}
	if !strings.Contains(l.String(), "cannot be read") || !strings.Contains(l.String(), "can be read again") {
		t.Errorf("the log: %s", l)
	}
}

// A read ends with its deadline, and a caller's end is no trouble of the database.
func TestDeadline(t *testing.T) {
	s := postgrestest.Start(t)
	write(t, s.URL, "1", false, "a,Image segmentation")
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("LOCK TABLE tagifai.predictions IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	l := new(logtest.Log)
	table, err := lookup.Open(lookup.Options{Address: s.URL, Connections: 1, Timeout: 300 * time.Millisecond, Log: zerolog.New(l)})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := table.Newest(ctx, "tagger", []string{"a"}, nil); !errors.Is(err, context.DeadlineExceeded) || l.String() != "" {
		t.Errorf("the caller's end: %v; the log: %s", err, l)
	}
	if _, err := newest(t, table, "tagger", "a"); !errors.Is(err, lookup.ErrUnavailable) {
		t.Errorf("behind a lock: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; { // a busy machine may need longer than the timeout
		got, err := newest(t, table, "tagger", "a")
		if err == nil && len(got) == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("without the lock: %q, %v", got, err)
		}
	}
}

// No error and no line of the log has the password.
func TestPassword(t *testing.T) {
	const secret = "s3cr%t&x"
	escaped := url.QueryEscape(secret)
	for _, address := range []string{
		"postgres://me:" + escaped + "@127.0.0.1:1/db?connect_timeout=1",
		"postgres://me@127.0.0.1:1/db?connect_timeout=1&password=" + escaped,
		"postgres://me:" + escaped + "@127.0.0.1:1/db?sslmode=bogus",
		"postgres://127.0.0.1:1/db?sslmode=bogus&password=" + escaped,
		"postgres://me:" + escaped + "@127.0.0.1:1/db?table=a&table=b",
		"postgres://me:" + secret + "@127.0.0.1/db",
		"host=127.0.0.1 password=" + secret,
		"mysql://me:" + escaped + "@127.0.0.1/db",
	} {
		l := new(logtest.Log)
		table, err := lookup.Open(lookup.Options{Address: address, Connections: 1, Timeout: time.Second, Log: zerolog.New(l)})
		if err == nil {
			table.Check(t.Context())
			_, err = newest(t, table, "tagger", "a")
			_ = table.Close()
		}
		shown := fmt.Sprint(err, l)
		if err == nil || strings.Contains(shown, "s3cr") {
			t.Errorf("%s: %s", address, shown)
		}
	}
}
