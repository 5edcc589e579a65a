package batch_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/batch"
	"tagifai/model"
)

var defaultModel = sync.OnceValues(func() (*model.Model, error) {
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		return nil, err
	}
	return model.New(a)
})

// A watcher is told how a run goes on, and asks for nothing.
type watcher struct {
	status  func(batch.Status)
	waiting func(error)
}

func (w watcher) Status(s batch.Status) {
	if w.status != nil {
		w.status(s)
	}
}

func (w watcher) Waiting(err error) {
	if w.waiting != nil {
		w.waiting(err)
	}
}

// newJob returns a job of the columns id and text.
func newJob(t *testing.T, from, to string) *batch.Job {
	t.Helper()
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	j := &batch.Job{
		Columns:   batch.Columns{ID: "id", Text: []string{"text"}},
		Model:     batch.Model{Model: m, Name: "tagger", Version: "1", Sum: "aa"},
		Resume:    true,
		MaxErrors: -1,
	}
	if j.From, err = batch.ParseLocation(from, batch.FileFormat{}); err != nil {
		t.Fatal(err)
	}
	if j.To, err = batch.ParseLocation(to, batch.FileFormat{}); err != nil {
		t.Fatal(err)
	}
	return j
}

// mustRun does a job.
func mustRun(t *testing.T, j *batch.Job) *batch.Status {
	t.Helper()
	status, err := batch.Run(t.Context(), j, watcher{})
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// A database is one to read from and to write to.
type database struct {
	*sql.DB
	location string // as the command line has it
	driver   string
	dsn      string
	view     string // of the results
}

func openDatabase(t *testing.T, driver, dsn, location, view string) database {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return database{db, location, driver, dsn, view}
}

func sqliteDatabase(t *testing.T) database {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rows.db")
	return openDatabase(t, "sqlite", file, "sqlite:"+file, "results")
}

func (d database) exec(t *testing.T, statement string, parameters ...any) {
	t.Helper()
	if _, err := d.Exec(statement, parameters...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// with adds an option to the location.
func (d database) with(name, value string) string {
	separator := "?"
	if strings.Contains(d.location, "?") {
		separator = "&"
	}
	return d.location + separator + name + "=" + value
}

// eachDatabase runs a test with an empty database of each kind.
func eachDatabase(t *testing.T, test func(t *testing.T, db database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteDatabase(t)) })
	t.Run("postgres", func(t *testing.T) {
		dsn, _ := postgres(t)
		test(t, openDatabase(t, "pgx", dsn, dsn, "tagifai.results"))
	})
}

// ids returns the id and the tag, or the error, of each row of a file of results.
func ids(t *testing.T, file string) []string {
	t.Helper()
	var got []string
	for _, line := range fileRows(t, file)[1:] {
		fields := strings.Split(line, "|")
		if fault := fields[7]; fault != "" {
			fields[1] = "!" + fault
		}
		got = append(got, fields[0]+" "+fields[1])
	}
	return got
}

// What a table holds gives a row, in the order of the ids.
func TestTableRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		text := "text"
		if db.driver == "sqlite" {
			text = "" // any type
		}
		long := "Image segmentation " + strings.Repeat("of images ", 1<<20)
		for i, c := range []struct {
			name, only, id string
			rows           [][]any
			want           string
		}{
			{"numbers", "", "integer", [][]any{{10, "Image segmentation"}, {9, "hello"}}, "9 other|10 computer-vision"},
			{"texts", "", "text", [][]any{{"b", "Image segmentation"}, {"B", "hello"}, {"a", "y"}}, ""},
			{"NULL", "", "integer", [][]any{{1, nil}, {nil, "hello"}}, "#1 !there is no id|1 !there is no text"},
			{"duplicate ids", "", "integer", [][]any{{1, "hello"}, {1, "Image segmentation"}, {1, "hello"}}, "1 computer-vision|1 other|1 other"},
			{"empty text", "", "integer", [][]any{{1, " "}}, "1 !the text is empty"},
			{"empty id", "", "text", [][]any{{"", "hello"}}, "#1 !there is no id"},
			{"10 MB", "", "integer", [][]any{{1, long}, {2, "hello"}}, "1 computer-vision|2 other"},
			{"33 MiB", "", "integer", [][]any{{1, strings.Repeat("x", 33<<20)}, {2, "hello"}}, "1 !the column text has more than 32 MiB|2 other"},
			{"no rows", "", "integer", nil, ""},
			{"numbers and texts", "sqlite", "", [][]any{{"7", "hello"}, {8, "Image segmentation"}, {"a", "hello"}}, "8 computer-vision|7 other|a other"},
			{"a number for a text", "sqlite", "", [][]any{{1, 17}}, "1 other"},
			{"NUL", "sqlite", "text", [][]any{{"a", "Image\x00segmentation"}, {"b\x00", "hello"}}, "a computer-vision|#2 !the id has a NUL"},
			{"not UTF-8", "sqlite", "text", [][]any{{"a", []byte("caf\xe9")}}, "a !the text is not UTF-8; convert the source to it"},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.only != "" && c.only != db.driver {
					t.Skip("of " + c.only + " alone")
				}
				table := fmt.Sprintf("Rows %d", i)
				db.exec(t, fmt.Sprintf(`CREATE TABLE %q (id %s, text %s)`, table, c.id, text))
				for _, r := range c.rows {
					db.exec(t, fmt.Sprintf(`INSERT INTO %q VALUES ($1, $2)`, table), r...)
				}
				if c.name == "texts" { // PostgreSQL has its own order
					c.want = "B other|a other|b computer-vision"
					if db.driver == "pgx" {
						db.exec(t, fmt.Sprintf(`ALTER TABLE %q ALTER id TYPE text COLLATE "C"`, table))
					}
				}
				out := filepath.Join(t.TempDir(), "out.csv")
				mustRun(t, newJob(t, db.with("table", table), out))
				if diff := cmp.Diff(strings.Join(ids(t, out), "|"), c.want); diff != "" {
					t.Error(diff)
				}
			})
		}
		t.Run("a query", func(t *testing.T) {
			db.exec(t, `CREATE TABLE projects (number integer, title text, words text, lang text)`)
			db.exec(t, `INSERT INTO projects VALUES (2, 'Image', 'segmentation', 'en'), (1, 'hello', NULL, 'en'), (3, 'y', 'z', 'de')`)
			out := filepath.Join(t.TempDir(), "out.csv")
			j := newJob(t, db.location, out)
			var err error
			if j.From, err = j.From.WithQuery("SELECT number AS id, title, words, lang FROM projects WHERE lang = 'en' -- alone\n;"); err != nil {
				t.Fatal(err)
			}
			j.Columns = batch.Columns{ID: "id", Text: []string{"title", "words"}, Keep: []string{"lang"}}
			mustRun(t, j)
			if diff := cmp.Diff(ids(t, out), []string{"1 other", "2 computer-vision"}); diff != "" {
				t.Error(diff)
			}
			if rows := fileRows(t, out); !strings.HasSuffix(rows[1], "|en") {
				t.Errorf("got %q, want en at the end", rows[1])
			}
		})
		t.Run("no such column", func(t *testing.T) {
			db.exec(t, `CREATE TABLE titles (number integer, title text)`)
			for _, column := range []string{"id", "text", "extra"} {
				columns := batch.Columns{ID: "number", Text: []string{"title"}}
				switch column {
				case "id":
					columns.ID = column
				case "text":
					columns.Text = []string{column}
				default:
					columns.Keep = []string{column}
				}
				j := newJob(t, db.with("table", "titles"), filepath.Join(t.TempDir(), "out.csv"))
				j.Columns = columns
				_, err := batch.Run(t.Context(), j, watcher{})
				if err == nil || !strings.Contains(err.Error(), column) || !strings.HasSuffix(err.Error(), "--id, --text and --keep name the columns") {
					t.Errorf("got %v, want an error with the name of the column %s, and what names it", err, column)
				}
			}
		})
	})
}

// A run that reads a table and is stopped goes on behind the last row, without losing one
// or doing one twice, whatever its ids are.
func TestTableGoesOn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		const rows = 10_000
		numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", rows-1)
		for i, c := range []struct{ name, only, id, values string }{
			{"numbers", "", "integer PRIMARY KEY", "i"},
			{"texts", "", "text PRIMARY KEY", "'a' || i"},
			{"duplicates", "", "integer", "i / 3000"},
			{"NULL", "", "integer", "NULL"},
			{"no type", "sqlite", "", "CASE WHEN i % 2 THEN i ELSE 'a' || i END"},
			{"fractions", "sqlite", "", "i / 7.0"},
			{"case", "sqlite", "text COLLATE NOCASE", "CASE WHEN i % 2 THEN 'A' ELSE 'a' END || i / 3500"},
		} {
			for _, query := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, query %v", c.name, query), func(t *testing.T) {
					if c.only != "" && c.only != db.driver {
						t.Skip("of " + c.only + " alone")
					}
					table := fmt.Sprintf("rows_%d_%v", i, query)
					db.exec(t, fmt.Sprintf(`CREATE TABLE %s (id %s, text text)`, table, c.id))
					db.exec(t, fmt.Sprintf(`INSERT INTO %s %s SELECT %s, 'Image ' || i FROM n`, table, numbers, c.values))
					dir := t.TempDir()
					job := func(to string) *batch.Job {
						j := newJob(t, db.with("table", table), filepath.Join(dir, to))
						if query {
							j = newJob(t, db.location, filepath.Join(dir, to))
							var err error
							if j.From, err = j.From.WithQuery("SELECT * FROM " + table); err != nil {
								t.Fatal(err)
							}
						}
						return j
					}
					mustRun(t, job("whole.csv"))
					want := fileRows(t, filepath.Join(dir, "whole.csv"))
					if len(want) != rows+1 {
						t.Fatalf("%d rows", len(want))
					}
					for stopped := range 2 {
						ctx, stop := context.WithCancel(t.Context())
						chunks := 0
						w := watcher{status: func(batch.Status) { chunks++; stop() }}
						if _, err := batch.Run(ctx, job("out.csv"), w); !errors.Is(err, context.Canceled) || chunks != 1 {
							t.Fatalf("run %d wrote %d chunks, and was stopped after the first: %v", stopped, chunks, err)
						}
					}
					status := mustRun(t, job("out.csv"))
					if status.Resumed == 0 || status.Resumed >= rows {
						t.Errorf("resumed behind %d of %d rows", status.Resumed, rows)
					}
					if got := fileRows(t, filepath.Join(dir, "out.csv")); !slices.Equal(got, want) {
						t.Errorf("%d rows, which differ from the %d of a run that was not stopped", len(got), len(want))
					}
				})
			}
		}
	})
}

// A newer version, and a newer text, takes the place of the older one, or stands beside
// it; what is unchanged is left alone.
func TestHistory(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		db.exec(t, `CREATE TABLE source (id integer, text text)`)
		db.exec(t, `INSERT INTO source VALUES (1, 'Image segmentation'), (2, 'hello'), (3, '')`)
		results := func() string {
			rows, err := db.Query("SELECT id, version, coalesce(tag, '!') FROM " + db.view + " ORDER BY predicted_at, id")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var list []string
			for rows.Next() {
				var id, version, tag string
				if err := rows.Scan(&id, &version, &tag); err != nil {
					t.Fatal(err)
				}
				list = append(list, id+"/"+version+" "+tag)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			return strings.Join(list, "|")
		}
		for _, step := range []struct {
			name      string
			change    string
			version   string
			history   bool
			unchanged int64
			want      string
		}{
			{"at first", "", "1", false, 0, "1/1 computer-vision|2/1 other|3/1 !"},
			{"unchanged", "", "1", false, 3, "1/1 computer-vision|2/1 other|3/1 !"},
			{"another version", "", "2", false, 0, "1/2 computer-vision|2/2 other|3/2 !"},
			{"another text", "UPDATE source SET text = 'Text classification with BERT' WHERE id = 2", "2", false, 2,
				"1/2 computer-vision|3/2 !|2/2 natural-language-processing"},
			{"another version, history", "", "1", true, 0,
				"1/2 computer-vision|3/2 !|2/2 natural-language-processing|1/1 computer-vision|2/1 natural-language-processing|3/1 !"},
			{"unchanged, history", "", "1", true, 3,
				"1/2 computer-vision|3/2 !|2/2 natural-language-processing|1/1 computer-vision|2/1 natural-language-processing|3/1 !"},
			{"another text, history", "UPDATE source SET text = 'hello' WHERE id = 2", "1", true, 2,
				"1/2 computer-vision|3/2 !|2/2 natural-language-processing|1/1 computer-vision|2/1 natural-language-processing|3/1 !|2/1 other"},
			{"an old text is the newest again", "UPDATE source SET text = 'Text classification with BERT' WHERE id = 2", "1", true, 2,
				"1/2 computer-vision|3/2 !|2/2 natural-language-processing|1/1 computer-vision|3/1 !|2/1 other|2/1 natural-language-processing"},
			{"without history again", "", "1", false, 3,
				"1/1 computer-vision|3/1 !|2/1 natural-language-processing"},
		} {
			if step.change != "" {
				db.exec(t, step.change)
			}
			j := newJob(t, db.with("table", "source"), db.location)
			j.Model.Version, j.Model.Sum, j.History = step.version, "sum of "+step.version, step.history
			status := mustRun(t, j)
			if status.Unchanged != step.unchanged {
				t.Errorf("%s: %d rows unchanged, want %d", step.name, status.Unchanged, step.unchanged)
			}
			if diff := cmp.Diff(results(), step.want); diff != "" {
				t.Errorf("%s: %s", step.name, diff)
			}
		}
		other := newJob(t, db.with("table", "source"), db.location)
		other.Model.Name = "another"
		mustRun(t, other)
		if got := strings.Count(results(), "|") + 1; got != 6 {
			t.Errorf("%d rows of two models, want 6: another model took the place of the first", got)
		}
	})
}
