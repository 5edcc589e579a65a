package server_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/batch"
	"tagifai/internal/config"
	"tagifai/internal/logtest"
	"tagifai/internal/lookup"
	"tagifai/internal/postgrestest"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/model"
)

// silent is a watcher of a batch.
type silent struct{}

func (silent) Status(batch.Status) {}
func (silent) Waiting(error)       {}

// defaultSum is the sum of the default model.
var defaultSum = sync.OnceValues(func() (string, error) {
	a, err := model.ReadArtifact(model.DefaultFS())
	if err != nil {
		return "", err
	}
	return a.Sum()
})

// addRows has a batch of a version of the default model write the rows of a CSV file,
// id,text, into a database.
func addRows(t *testing.T, to, name, version, sum string, rows ...string) {
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
		Columns: batch.Columns{ID: "id", Text: []string{"text"}},
		Model:   batch.Model{Model: m, Name: name, Version: version, Sum: sum},
		History: true, MaxErrors: -1,
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

// writeTable does so with a new database, whose address it returns.
func writeTable(t *testing.T, name, version string, rows ...string) string {
	t.Helper()
	sum, err := defaultSum()
	if err != nil {
		t.Fatal(err)
	}
	to := "sqlite:" + filepath.Join(t.TempDir(), "out.db")
	addRows(t, to, name, version, sum, rows...)
	return to
}

func openTable(t *testing.T, address string, log zerolog.Logger) *lookup.Table {
	t.Helper()
	table, err := lookup.Open(lookup.Options{Address: address, Connections: 4, Timeout: 5 * time.Second, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = table.Close() })
	return table
}

// startTable serves the default model, without a store, and a table.
func startTable(t *testing.T, address string, changes ...func(*config.Settings)) *service {
	t.Helper()
	logs, metrics := new(logtest.Log), prometheus.NewRegistry()
	log := zerolog.New(logs)
	models := registry.New(registry.Options{
		Source: config.Defaults().Source, Open: defaultModel, Log: log, Metrics: metrics,
		ReadArtifact: func(string) (*model.Artifact, error) { return model.ReadArtifact(model.DefaultFS()) },
	})
	if err := models.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return startServing(t, server.Options{Settings: settings(changes...), Versions: models, Table: openTable(t, address, log), Metrics: metrics, Log: log}, logs)
}

// stored returns the answer for an id in short: the version, the tag or the error, and
// whether it is stale; or the status and the detail.
func (s *service) storedAt(t *testing.T, path string) string {
	t.Helper()
	e := decodeEnvelope(t, s.ask(t, http.MethodGet, path, nil, "").body)
	if e.StatusCode != http.StatusOK {
		return fmt.Sprint(e.StatusCode, " ", string(e.Detail))
	}
	var p server.StoredPrediction
	if err := json.Unmarshal(e.Data, &p, json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s:%s %s%s stale=%v", p.Model, p.Version, p.PredictedTag, p.Error, p.Stale)
}

// An id is what is behind the last slash that is ours, however it is escaped.
func TestStoredPrediction(t *testing.T) {
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 4000)
	s := startTable(t, writeTable(t, "default", m.RunID(), "a,Image segmentation", "x/y,Image segmentation", "x//y/,Image segmentation",
		"100%25,Image segmentation", "a b+c?d,Image segmentation", "ид,Image segmentation", "empty,", "..,Image segmentation", long+",Image segmentation"))
	fresh := "default:" + m.RunID() + " computer-vision stale=false"
	gone := func(id string) string {
		return "404 " + strconv.Quote(fmt.Sprintf("There is no prediction of model %q for the id %q", "default", id))
	}
	for _, c := range []struct{ name, path, want string }{
		{"plain", "/predictions/a", fresh},
		{"of a model", "/models/default/predictions/a", fresh},
		{"slash", "/predictions/x/y", fresh},
		{"slash, escaped", "/predictions/x%2Fy", fresh},
		{"slashes", "/models/default/predictions/x%2f/y%2F", fresh},
		{"percent", "/predictions/100%2525", fresh},
		{"spaces and more", "/predictions/a%20b+c%3Fd", fresh},
		{"Unicode", "/predictions/%D0%B8%D0%B4", fresh},
		{"dots", "/predictions/%2e%2e", fresh},
		{"long", "/predictions/" + long, fresh},
		{"an error", "/predictions/empty", "default:" + m.RunID() + " the text is empty stale=false"},
		{"missing", "/predictions/b", gone("b")},
		{"other case", "/predictions/A", gone("A")},
		{"NUL", "/predictions/a%00", gone("a\x00")},
		{"not UTF-8", "/predictions/%FF", `404 "There is no prediction of model \"default\" for the id \"\\xff\""`},
		{"missing and long", "/predictions/" + long + "x", gone(long[:256] + "…")},
		{"no id", "/predictions/", `404 "Not Found"`},
		{"no such model", "/models/spam/predictions/a", `404 "there is no model \"spam\"; there is default"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.storedAt(t, c.path); got != c.want {
				t.Errorf("got %.300s\nwant %.300s", got, c.want)
			}
		})
	}
	if head := s.ask(t, http.MethodHead, "/predictions/a", nil, ""); head.status != http.StatusOK || head.body != "" {
		t.Errorf("HEAD: %d %q", head.status, head.body)
	}
	if post := s.ask(t, http.MethodPost, "/predictions/a", jsonBody, "{}"); post.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", post.status)
	}
}

// Many ids are answered in the order in which they are asked for, up to a thousand.
func TestStoredPredictions(t *testing.T) {
	rows := make([]string, 1000)
	for i := range rows {
		rows[i] = fmt.Sprintf("%d,Image segmentation", i)
	}
	s := startTable(t, writeTable(t, "default", "1", rows...))
	query := func(ids ...string) string { return "?" + url.Values{"id": ids}.Encode() }
	upTo := func(n int) (ids []string) {
		for i := n - 1; i >= 0; i-- {
			ids = append(ids, strconv.Itoa(i))
		}
		return ids
	}
	for _, c := range []struct {
		name, query    string
		found, missing []string
		refused        string
	}{
		{"two", query("7", "3"), []string{"7", "3"}, []string{}, ""},
		{"some missing", query("b", "7", "a"), []string{"7"}, []string{"b", "a"}, ""},
		{"all missing", query("b"), []string{}, []string{"b"}, ""},
		{"twice", query("7", "b", "7", "b"), []string{"7"}, []string{"b"}, ""},
		{"an empty one", query(""), []string{}, []string{""}, ""},
		{"a thousand", query(upTo(1000)...), upTo(1000), []string{}, ""},
		{"one more", query(upTo(1001)...), nil, nil, `[{"loc":["query","id"],"msg":"ensure this value has at most 1000 items","type":"value_error.list.max_items","ctx":{"limit_value":1000}}]`},
		{"none", "", nil, nil, `[{"loc":["query","id"],"msg":"field required","type":"value_error.missing"}]`},
	} {
		for _, path := range []string{"/predictions", "/models/default/predictions"} {
			t.Run(c.name+path, func(t *testing.T) {
				e := decodeEnvelope(t, s.ask(t, http.MethodGet, path+c.query, nil, "").body)
				if c.refused != "" {
					if diff := cmp.Diff(string(e.Detail), c.refused); e.StatusCode != http.StatusUnprocessableEntity || diff != "" {
						t.Errorf("%d: %s", e.StatusCode, diff)
					}
					return
				}
				var data server.StoredPredictions
				if err := json.Unmarshal(e.Data, &data); err != nil {
					t.Fatalf("%v: %s", err, e.Data)
				}
				ids := []string{}
				for _, p := range data.Predictions {
					ids = append(ids, p.ID)
				}
				if diff := cmp.Diff([][]string{ids, data.Missing}, [][]string{c.found, c.missing}); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	metrics := s.ask(t, http.MethodGet, "/metrics", nil, "").body
	for _, line := range []string{`tagifai_stored_predictions_total{result="stale"} 2008`, `tagifai_stored_predictions_total{result="missing"} `} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s", line)
		}
	}
}

// Without a store a prediction is stale if it is of another run, or of another model of
// the same run.
func TestStaleWithoutStore(t *testing.T) {
	m, err := defaultModel()
	if err != nil {
		t.Fatal(err)
	}
	sum, err := defaultSum()
	if err != nil {
		t.Fatal(err)
	}
	to := writeTable(t, "default", m.RunID(), "same,Image segmentation")
	addRows(t, to, "default", "another", sum, "run,Image segmentation")
	addRows(t, to, "default", m.RunID(), "another", "sum,Image segmentation")
	s := startTable(t, to)
	for id, want := range map[string]string{"same": "stale=false", "run": "stale=true", "sum": "stale=true"} {
		if got := s.storedAt(t, "/predictions/"+id); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

// What a version has predicted is stale as soon as stable is another, and not any more
// once it is back. The newest row counts, stale or not.
func TestStale(t *testing.T) {
	t.Parallel()
	sum, err := defaultSum()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			to := "sqlite:" + filepath.Join(t.TempDir(), "out.db")
			if kind == "postgres" {
				to = postgrestest.Start(t).URL
			}
			s := startStoreWith(t, nil, func(o *server.Options) { o.Table = openTable(t, to, o.Log) })
			addVersions(t, s.store, s.run, "other", 2)
			addRows(t, to, "tagger", "1", sum, "a,Image segmentation", "b,Image segmentation")
			addRows(t, to, "tagger", "2", sum, "b,Image segmentation")
			addRows(t, to, "tagger", "1", "of another store", "c,Image segmentation")
			addRows(t, to, "other", "1", sum, "a,Image segmentation")
			expect := func(when, path, want string) {
				t.Helper()
				if got := s.storedAt(t, path); got != want {
					t.Errorf("%s, %s: got %s, want %s", when, path, got, want)
				}
			}
			expect("stable is 1", "/predictions/a", "tagger:1 computer-vision stale=false")
			expect("stable is 1", "/predictions/b", "tagger:2 computer-vision stale=true")
			expect("stable is 1", "/predictions/c", "tagger:1 computer-vision stale=true")
			expect("stable is 1", "/models/other/predictions/a", "other:1 computer-vision stale=false")
			move := func(version string) {
				t.Helper()
				if moved := s.admin.ask(t, http.MethodPut, "/models/tagger/aliases/stable", jsonBody, `{"version":"`+version+`"}`); moved.status != http.StatusOK {
					t.Fatal(moved.body)
				}
			}
			move("2")
			expect("stable is 2", "/predictions/a", "tagger:1 computer-vision stale=true")
			expect("stable is 2", "/models/tagger/predictions/b", "tagger:2 computer-vision stale=false")
			expect("stable is 2", "/models/other/predictions/a", "other:1 computer-vision stale=false")
			move("1")
			expect("stable is 1 again", "/predictions/a", "tagger:1 computer-vision stale=false")
			expect("stable is 1 again", "/models/spam/predictions/a", `404 "there is no model \"spam\"; there are other, tagger"`)
		})
	}
}

// Without the setting the routes say so.
func TestStoredOff(t *testing.T) {
	s := start(t, settings())
	for _, path := range []string{"/predictions", "/predictions?id=a", "/predictions/a", "/models/default/predictions", "/models/default/predictions/a"} {
		answer := s.ask(t, http.MethodGet, path, nil, "")
		if answer.status != http.StatusNotFound || !strings.Contains(answer.body, "the setting predictions of the service names its database") {
			t.Errorf("%s: %d %s", path, answer.status, answer.body)
		}
	}
	if metrics := s.ask(t, http.MethodGet, "/metrics", nil, "").body; strings.Contains(metrics, "tagifai_stored_predictions_total") {
		t.Error("there are metrics of what is off")
	}
}

// A database that is away, or has no tables, is a 503 on these routes alone.
func TestStoredAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.db")
	s := startTable(t, "sqlite:"+file)
	const away = "The database of the predictions cannot be read: try again"
	expect := func(detail, reason string) {
		t.Helper()
		for _, path := range []string{"/predictions/a", "/predictions?id=a", "/models/default/predictions/a"} {
			answer := s.ask(t, http.MethodGet, path, nil, "")
			if answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" || !strings.Contains(answer.body, detail) || strings.Contains(answer.body, file) {
				t.Errorf("%s: %d %s", path, answer.status, answer.body)
			}
		}
		for _, path := range []string{"/", "/readyz", "/args", "/models"} {
			if answer := s.ask(t, http.MethodGet, path, nil, ""); answer.status != http.StatusOK {
				t.Errorf("%s: %d", path, answer.status)
			}
		}
		if answer := s.ask(t, http.MethodPost, "/predict", jsonBody, oneCNN); answer.status != http.StatusOK {
			t.Errorf("/predict: %d", answer.status)
		}
		if !strings.Contains(s.logs.String(), `"reason":"`+reason+`"`) {
			t.Errorf("the log has no %s", reason)
		}
	}
	expect(away, "database_away")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE other (id)"); err != nil {
		t.Fatal(err)
	}
	expect("has no tables of predictions yet: tagifai batch makes them", "database_empty")
	addRows(t, "sqlite:"+file, "default", "1", "x", "a,Image segmentation")
	if got := s.storedAt(t, "/predictions/a"); got != "default:1 computer-vision stale=true" {
		t.Errorf("once it is there: %s", got)
	}
	if logged := s.logs.String(); !strings.Contains(logged, file) || !strings.Contains(logged, "can be read again") {
		t.Errorf("the log: %s", logged)
	}
}

// withLargeRow returns the address of a database with the rows a, of 20 MB, and b.
func withLargeRow(t *testing.T) string {
	t.Helper()
	address := writeTable(t, "default", "1", "a,Image segmentation", "b,Image segmentation")
	db, err := sql.Open("sqlite", strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE predictions SET keep = '{"x":"' || printf('%.*c', 20000000, 'x') || '"}' WHERE source_id = 'a'`); err != nil {
		t.Fatal(err)
	}
	return address
}

// Rows that are larger than what all requests may hold are refused, and nothing is kept.
func TestStoredLarge(t *testing.T) {
	s := startTable(t, withLargeRow(t))
	free := s.Free()
	if answer := s.ask(t, http.MethodGet, "/predictions?id=a&id=b", nil, ""); answer.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", answer.status)
	}
	if got := s.storedAt(t, "/predictions/b"); got != "default:1 computer-vision stale=true" {
		t.Errorf("the next: %s", got)
	}
	if s.Free() != free {
		t.Errorf("%d bytes are held", free-s.Free())
	}
}
