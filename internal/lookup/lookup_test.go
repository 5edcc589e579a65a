package lookup_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/rs/zerolog"

	"tagifai/internal/batch"
	"tagifai/internal/logtest"
	"tagifai/internal/lookup"
	"tagifai/internal/postgrestest"
	"tagifai/model"
)

func open(t testing.TB, address string) (*lookup.Table, *logtest.Log) {
	t.Helper()
	l := new(logtest.Log)
	table, err := lookup.Open(lookup.Options{Address: address, Connections: 4, Timeout: 5 * time.Second, Log: zerolog.New(l)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table, l
}

// silent is a watcher of a batch.
type silent struct{}

func (silent) Status(batch.Status) {}
func (silent) Waiting(error)       {}

var defaultModel = sync.OnceValues(model.Default)

// write has a batch write the rows of a CSV file, id,text, into a database.
func write(t testing.TB, to, version string, history bool, rows ...string) {
	t.Helper()
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(source, []byte("id,text\n"+strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	job := &batch.Job{
		Columns: batch.Columns{ID: "id", Text: []string{"text"}, Keep: []string{"text"}},
		Model:   batch.Model{Model: m, Name: "tagger", Version: version, Sum: "sum of " + version},
		History: history, Probabilities: true, MaxErrors: -1,
	}
	if job.From, err = batch.ParseLocation(source, batch.FileFormat{}); err != nil {
		t.Fatal(err)
	}
	if job.To, err = batch.ParseLocation(to, batch.FileFormat{}); err != nil {
		t.Fatal(err)
	}
	if _, err := batch.Run(t.Context(), job, silent{}); err != nil {
		t.Fatal(err)
	}
}

// newest returns what there is for these ids, as "id version tag", sorted.
func newest(t testing.TB, table *lookup.Table, name string, ids ...string) ([]string, error) {
	t.Helper()
	got := []string{}
	err := table.Newest(t.Context(), name, ids, func(p *lookup.Prediction) error {
		got = append(got, strings.TrimSpace(p.ID+" "+p.Version+" "+p.Tag+p.Error))
		return nil
	})
	slices.Sort(got)
	return got, err
}

// onBoth runs a test with both databases, which are empty. query returns what the SQL gives
// as text.
func onBoth(t *testing.T, test func(t *testing.T, address string, db *sql.DB, schema string)) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "out.db")
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		test(t, "sqlite:"+file, db, "")
	})
	t.Run("postgres", func(t *testing.T) {
		s := postgrestest.Start(t)
		db, err := sql.Open("pgx", s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		test(t, s.URL, db, "tagifai.")
	})
}

// Of the rows of an id the newest counts, whatever the version.
func TestNewest(t *testing.T) {
	long := strings.Repeat("long", 500)
	onBoth(t, func(t *testing.T, address string, _ *sql.DB, _ string) {
		table, _ := open(t, address)
		rows := []string{"a,Image segmentation", "b,Image segmentation", "empty,", "x/y%2F z,Image segmentation", "ид,Image segmentation", long + ",Image segmentation"}
		write(t, address, "1", true, rows...)
		write(t, address, "2", true, "a,Text classification with BERT", "c,Image segmentation")
		write(t, address, "10", true, "c,Image segmentation")
		write(t, address, "2", true, "c,Image segmentation") // becomes the newest again
		const image, text = "computer-vision", "natural-language-processing"
		for _, c := range []struct {
			name  string
			model string
			ids   []string
			want  []string
		}{
			{"two versions", "tagger", []string{"a"}, []string{"a 2 " + text}},
			{"one version", "tagger", []string{"b"}, []string{"b 1 " + image}},
			{"the old version again", "tagger", []string{"c"}, []string{"c 2 " + image}},
			{"an error", "tagger", []string{"empty"}, []string{"empty 1 the text is empty"}},
			{"missing", "tagger", []string{"nope"}, []string{}},
			{"another model", "default", []string{"a"}, []string{}},
			{"many", "tagger", []string{"c", "nope", "a", "b", "a"}, []string{"a 2 " + text, "b 1 " + image, "c 2 " + image}},
			{"slash and percent", "tagger", []string{"x/y%2F z"}, []string{"x/y%2F z 1 " + image}},
			{"Unicode", "tagger", []string{"ид"}, []string{"ид 1 " + image}},
			{"long", "tagger", []string{long, long + "g"}, []string{long + " 1 " + image}},
			{"very long", "tagger", []string{strings.Repeat("x", 1<<20)}, []string{}},
			{"NUL", "tagger", []string{"a\x00", "b"}, []string{"b 1 " + image}},
			{"not UTF-8", "tagger", []string{"\xff", "b"}, []string{"b 1 " + image}},
			{"SQL", "tagger", []string{"' OR 1=1 --", `"`, "{a}", "NULL"}, []string{}},
			{"empty id", "tagger", []string{""}, []string{}},
			{"none", "tagger", nil, []string{}},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, err := newest(t, table, c.model, c.ids...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(got, c.want); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

// All that is in a row comes out of it.
func TestWhole(t *testing.T) {
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, func(t *testing.T, address string, _ *sql.DB, _ string) {
		before := time.Now().Add(-time.Microsecond)
		write(t, address, "1", false, "a,Image segmentation")
		table, _ := open(t, address)
		var got *lookup.Prediction
		if err := table.Newest(t.Context(), "tagger", []string{"a"}, func(p *lookup.Prediction) error {
			got = p
			return nil
		}); err != nil || got == nil {
			t.Fatal(got, err)
		}
		if got.At.Before(before) || got.At.After(time.Now()) {
			t.Errorf("at %s", got.At)
		}
		if err := got.Keep.Compact(); err != nil || string(got.Keep) != `{"text":"Image segmentation"}` {
			t.Errorf("keep: %s, %v", got.Keep, err)
		}
		probability := slices.Max(m.Predict("Image segmentation").Probabilities)
		if got.Probability == nil || *got.Probability != probability || !strings.Contains(string(got.Probabilities), fmt.Sprint(probability)) {
			t.Errorf("probabilities %s", got.Probabilities)
		}
		if got.Checksum != "sum of 1" || got.TextSHA256 != "b1cf2ba8d8bd7c6c1f5b4a4a5cd4e7c9" && len(got.TextSHA256) != 64 {
			t.Errorf("checksums %q, %q", got.Checksum, got.TextSHA256)
		}
	})
}

// A read looks each id up in the primary key, whatever the planner knows of the table.
func TestIndexed(t *testing.T) {
	onBoth(t, func(t *testing.T, address string, db *sql.DB, schema string) {
		write(t, address, "1", false, "a,x")
		if _, err := db.Exec("ANALYZE"); err != nil {
			t.Fatal(err)
		}
		table, _ := open(t, address)
		for range 10 { // the plan is made while the table is small
			if _, err := newest(t, table, "tagger", "a"); err != nil {
				t.Fatal(err)
			}
		}
		if schema == "" {
			rows, err := db.Query("EXPLAIN QUERY PLAN "+lookup.OfSQLite, `["a"]`, "tagger")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			plan := ""
			for rows.Next() {
				var id, parent, unused int
				var line string
				if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
					t.Fatal(err)
				}
				plan += line + "\n"
			}
			if !strings.Contains(plan, "SEARCH p USING PRIMARY KEY (source_id=?)") || strings.Contains(plan, "SCAN p") || rows.Err() != nil {
				t.Errorf("%v: %s", rows.Err(), plan)
			}
			return
		}
		scans := func() (n int64) {
			t.Helper()
			if _, err := db.Exec("SELECT pg_stat_force_next_flush()"); err != nil {
				t.Fatal(err)
			}
			if err := db.QueryRow("SELECT coalesce(seq_scan, 0) FROM pg_stat_user_tables WHERE schemaname = 'tagifai' AND relname = 'predictions'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := scans()
		for range 100 {
			if _, err := newest(t, table, "tagger", "a", "b"); err != nil {
				t.Fatal(err)
			}
		}
		_ = table.Close() // has its connections report
		time.Sleep(100 * time.Millisecond)
		if n := scans() - before; n > 0 {
			t.Errorf("the whole table was read %d times", n)
		}
	})
}

// While a batch writes, reads see what was there before a chunk or after it, and no error.
func TestWhileWriting(t *testing.T) {
	onBoth(t, func(t *testing.T, address string, _ *sql.DB, _ string) {
		rows := make([]string, 5_000)
		for i := range rows {
			rows[i] = fmt.Sprintf("%d,Image segmentation %d", i, i)
		}
		write(t, address, "1", false, rows...)
		table, _ := open(t, address)
		done := make(chan struct{})
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				for reads := 0; ; reads++ {
					select {
					case <-done:
						if reads == 0 {
							t.Error("there were no reads")
						}
						return
					default:
					}
					if got, err := newest(t, table, "tagger", "1", "4999"); err != nil || len(got) != 2 {
						t.Errorf("got %q, %v", got, err)
						return
					}
				}
			})
		}
		write(t, address, "2", false, rows...)
		close(done)
		readers.Wait()
		if got, err := newest(t, table, "tagger", "4999"); err != nil || len(got) != 1 || !strings.HasPrefix(got[0], "4999 2 ") {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
