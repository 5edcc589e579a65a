package batch_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"tagifai/internal/binarytest"
)

var kills = flag.Int("kills", 3, "how often a run is killed, for each kind of sink")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(binarytest.Run(m))
}

// sourceFile writes a CSV file. Some rows are bad, some ids occur twice.
func sourceFile(t *testing.T, rows int) string {
	t.Helper()
	var text bytes.Buffer
	text.WriteString("id,text,extra\n")
	for i := range rows {
		switch {
		case i%1000 == 7:
			fmt.Fprintf(&text, "%d,,\n", i)
		case i%1000 == 8:
			fmt.Fprintf(&text, "%d\n", i)
		case i%1000 == 9:
			fmt.Fprintf(&text, "%d,Text classification with BERT %d,again\n", i-3, i)
		default:
			fmt.Fprintf(&text, "%d,\"%s, number %d\",x%d\n", i, []string{"Image segmentation", "Deploy models with Docker", "Attention"}[i%3], i, i)
		}
	}
	file := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// fileRows returns the rows of a CSV file of results, without their times.
func fileRows(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(records[0], "predicted_at")
	var rows []string
	for _, record := range records {
		rows = append(rows, strings.Join(slices.Delete(record, at, at+1), "|"))
	}
	return rows
}

// tableRows returns the rows of the view of results, without their times.
func tableRows(t *testing.T, driver, dsn, view string) []string {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Query(`SELECT id, tag, probability, model, version, checksum, text_sha256, error, CAST(keep AS TEXT) FROM ` + view)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var rows []string
	for result.Next() {
		fields := make([]sql.NullString, 9)
		var targets []any
		for i := range fields {
			targets = append(targets, &fields[i])
		}
		if err := result.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, fmt.Sprint(fields))
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(rows)
	return rows
}

// A run that is killed at random moments, and goes on each time, leaves what an
// undisturbed one does, row by row.
func TestKilled(t *testing.T) {
	const rows = 20_000
	binary := binarytest.Path(t)
	source := sourceFile(t, rows)
	batch := func(to string) *exec.Cmd {
		return exec.Command(binary, "batch", "--from", source, "--id", "id", "--keep", "extra", "--to", to)
	}
	run := func(t *testing.T, to string) time.Duration {
		t.Helper()
		start := time.Now()
		if out, err := batch(to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return time.Since(start)
	}
	// killed does runs, and kills each at a random moment, until enough were killed. clear
	// makes the sink empty; check looks at what a whole run has left.
	killed := func(t *testing.T, to string, took time.Duration, empty, check func()) {
		t.Helper()
		inTime, whole, resumed := 0, 0, 0
		empty()
		for inTime < *kills {
			var stderr bytes.Buffer
			cmd := batch(to)
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(took))
			_ = cmd.Process.Kill() // it may have ended
			err := cmd.Wait()
			if err != nil && cmd.ProcessState.ExitCode() >= 0 {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			if err != nil {
				inTime++
				if rand.N(4) > 0 {
					continue // killed again before it comes to its end
				}
				out, err := batch(to).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if !bytes.Contains(out, []byte(`"resumed":0,`)) {
					resumed++
				}
			}
			if bytes.Contains(stderr.Bytes(), []byte(`"message":"done"`)) && !bytes.Contains(stderr.Bytes(), []byte(`"resumed":0,`)) {
				resumed++
			}
			whole++
			check()
			empty()
		}
		if out, err := batch(to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		check()
		t.Logf("killed %d times; %d results were compared, of which %d went on from a checkpoint", inTime, whole+1, resumed)
	}
	compare := func(t *testing.T, got, want []string) {
		t.Helper()
		if slices.Equal(got, want) {
			return
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Fatalf("%d rows, want %d; row %d: got\n%s\nwant\n%s", len(got), len(want), i, got[i], want[i])
			}
		}
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}

	for _, name := range []string{"out.csv", "out.csv.gz"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			to := filepath.Join(dir, name)
			read := func() []string { return fileRows(t, to) }
			if strings.HasSuffix(name, ".gz") {
				read = func() []string {
					out := filepath.Join(dir, "plain.csv")
					text, err := exec.Command("gzip", "-dc", to).Output()
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(out, text, 0o600); err != nil {
						t.Fatal(err)
					}
					return fileRows(t, out)
				}
			}
			took := run(t, to)
			want := read()
			if len(want) != rows+1 {
				t.Fatalf("%d rows", len(want))
			}
			killed(t, to, took, func() { _ = os.Remove(to) }, func() { compare(t, read(), want) })
			for _, suffix := range []string{".partial", ".checkpoint"} {
				if _, err := os.Stat(to + suffix); err == nil {
					t.Errorf("left behind: %s", suffix)
				}
			}
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "out.db")
		to := "sqlite:" + file
		read := func() []string { return tableRows(t, "sqlite", file, "results") }
		took := run(t, to)
		want := read()
		if len(want) != rows-rows/1000 {
			t.Fatalf("%d rows", len(want))
		}
		killed(t, to, took, func() {
			for _, suffix := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(file + suffix)
			}
		}, func() { compare(t, read(), want) })
	})
	t.Run("postgres", func(t *testing.T) {
		dsn, _ := postgres(t)
		read := func() []string { return tableRows(t, "pgx", dsn, "tagifai.results") }
		took := run(t, dsn)
		want := read()
		if len(want) != rows-rows/1000 {
			t.Fatalf("%d rows", len(want))
		}
		killed(t, dsn, took, func() {
			db, err := sql.Open("pgx", dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			// A connection of a killed run may still be at work.
			if _, err := db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tagifai'"); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec("DROP SCHEMA IF EXISTS tagifai CASCADE"); err != nil {
				t.Fatal(err)
			}
		}, func() { compare(t, read(), want) })
	})
}
