package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"tagifai/internal/batch"
	"tagifai/internal/monitor"
)

// batchRun runs tagifai batch and returns what it left.
func batchRun(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"batch"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// Rows that cannot be predicted are rows of the result, and the others get their tags.
func TestBatchRows(t *testing.T) {
	long := "segmentation " + strings.Repeat("of images ", 1<<20)
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := string(z.EncodeAll([]byte("id,text\na,Image segmentation\n"), nil))
	for _, c := range []struct{ name, format, in, want string }{
		{"csv", "csv", "id,text\na,Image segmentation\n", "a computer-vision"},
		{"quotes and lines", "csv", "id,text\na,\"Image\n\"\"segmentation\"\", now\"\n", "a computer-vision"},
		{"zstd", "csv", frame, "a computer-vision"},
		{"zstd of several frames, the first to be skipped", "csv", "\x52\x2a\x4d\x18\x04\x00\x00\x00size" + frame + string(z.EncodeAll([]byte("b,hello\n"), nil)),
			"a computer-vision|b other"},
		{"tsv", "tsv", "id\ttext\na\tImage segmentation\n", "a computer-vision"},
		{"byte order mark", "csv", "\ufeffid,text\na,Image segmentation\n", "a computer-vision"},
		{"jsonl", "jsonl", `{"id":7,"text":"Image segmentation"}` + "\n\n" + `{"text":"Image segmentation","id":"b"}`, "7 computer-vision|b computer-vision"},
		{"no rows", "csv", "id,text\n", ""},
		{"duplicate ids", "csv", "id,text\na,Image segmentation\na,Image segmentation\n", "a computer-vision|a computer-vision"},
		{"10 MB", "csv", "id,text\na," + long + "\nb,hello\n", "a computer-vision|b other"},
		{"fields missing", "csv", "id,text\na\nb,Image segmentation\n", "a !1 fields, and the first line has 2|b computer-vision"},
		{"no id", "csv", "id,text\n,Image segmentation\n", "#1 !there is no id"},
		{"empty text", "csv", "id,text\na,  \n", "a !the text is empty"},
		{"bare quote", "csv", "id,text\na,5\" disk\nb,Image segmentation\n", "a !malformed row: bare \" in non-quoted-field|b computer-vision"},
		{"quote not closed", "csv", "id,text\na,\"x\nb,Image segmentation\n", "a !malformed row: extraneous or missing \" in quoted-field|b computer-vision"},
		{"quote not closed, and another one", "csv", "id,text\r\n\r\na,\"x\r\nb,Image segmentation\r\nc,\"Image segmentation\"\r\n",
			"a !malformed row: extraneous or missing \" in quoted-field|b computer-vision|c computer-vision"},
		{"quote not closed, in the last line", "csv", "id,text\na,\"x", "a !malformed row: extraneous or missing \" in quoted-field"},
		{"quote not closed, and 33 MiB", "csv", "id,text\na,\"x\n" + strings.Repeat("b,"+strings.Repeat("hello ", 1<<20/6)+"\n", 33),
			"a !a row of more than 32 MiB; is a quote not closed?" + strings.Repeat("|b other", 33)},
		{"33 MiB in a line", "csv", "id,text\na," + strings.Repeat("x", 33<<20) + "\nb,Image segmentation\n",
			"a !a row of more than 32 MiB; is a quote not closed?|b computer-vision"},
		{"33 MiB in quotes", "csv", "id,text\na,\"" + strings.Repeat("x", 33<<20) + "\"\nb,Image segmentation\n",
			"a !a row of more than 32 MiB; is a quote not closed?|b computer-vision"},
		{"33 MiB without an end", "csv", "text,id\nImage segmentation,a\n" + strings.Repeat("x", 33<<20), "a computer-vision|#2 !a row of more than 32 MiB; is a quote not closed?"},
		{"too many fields", "csv", "id,text\na" + strings.Repeat(",", 1<<20) + "\nb,Image segmentation\n",
			"a !a row of more than 100000 fields|b computer-vision"},
		{"too many fields, and no end", "csv", "id,text\na" + strings.Repeat(",", 33<<20), "a !a row of more than 100000 fields"},
		{"many commas in quotes", "csv", "id,text\na,\"Image segmentation" + strings.Repeat(",", 1<<20) + "\"\nb,Image segmentation\n",
			"a computer-vision|b computer-vision"},
		{"33 MiB of JSON", "jsonl", `{"id":"a","text":"` + strings.Repeat("x", 33<<20) + `"}` + "\n" + `{"id":"b","text":"Image segmentation"}`,
			"#1 !a line of more than 32 MiB|b computer-vision"},
		{"NUL in the text", "csv", "id,text\na,Image\x00segmentation\n", "a computer-vision"},
		{"NUL in the id", "csv", "id,text\na\x00,Image segmentation\n", "#1 !the id has a NUL"},
		{"Latin-1", "csv", "id,text\na,caf\xe9 segmentation\nb,Image segmentation\n", "a !the text is not UTF-8; convert the source to it|b computer-vision"},
		{"not UTF-8", "csv", "id,text\na,caf\xe9\n\xe9,x\n", "a !the text is not UTF-8; convert the source to it|#2 !the id is not UTF-8"},
		{"null", "jsonl", `{"id":"a","text":null}`, "a !there is no text"},
		{"no text", "jsonl", `{"id":"a"}`, "a !there is no text"},
		{"a number for a text", "jsonl", `{"id":"a","text":7}`, "a !the column text is not a text"},
		{"not an object", "jsonl", `["a"]` + "\n" + `{"id":"b","text":"Image segmentation"}`, "#1 !the line is not a JSON object|b computer-vision"},
		{"cut line", "jsonl", `{"id":"a","text":"Ima`, "a !malformed JSON: jsontext: unexpected EOF within \"/text\" after offset 21"},
		{"line not UTF-8", "jsonl", "{\"id\":\"a\",\"text\":\"caf\xe9\"}", "a !the line is not UTF-8; convert the source to it"},
		{"two objects", "jsonl", `{"id":"a","text":"x"} {}`, "a !malformed JSON: there is more behind the object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := batchRun(t, c.in, "--from", "-", "--from-format", c.format, "--to", "-", "--to-format", "jsonl", "--id", "id")
			if out.code != success {
				t.Fatalf("%+v", out)
			}
			var got []string
			for line := range strings.Lines(out.stdout) {
				r := parse[struct {
					ID    string `json:"id"`
					Tag   string `json:"tag"`
					Error string `json:"error"`
				}](t, line)
				if r.Error != "" {
					r.Tag = "!" + r.Error
				}
				got = append(got, r.ID+" "+r.Tag)
			}
			if diff := cmp.Diff(strings.Join(got, "|"), c.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is wrong with the whole source or the command line ends the run, and says so in
// one line without a password.
func TestBatchErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	source := write("in.csv", "id,text\na,Image segmentation\n")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, "id,text\n", strings.Repeat("a,Image segmentation and what else\n", 1000))
	z.Close()
	framed := new(bytes.Buffer)
	f, err := zstd.NewWriter(framed)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "id,text\n", strings.Repeat("a,Image segmentation and what else\n", 1000))
	f.Close()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no source", []string{"--to", "-"}, "--from and --to are needed"},
		{"no such file", []string{"--from", filepath.Join(dir, "absent.csv"), "--to", "-", "--to-format", "csv"}, "no such file"},
		{"a directory", []string{"--from", dir, "--from-format", "csv", "--to", "-", "--to-format", "csv"}, "is a directory"},
		{"unknown format", []string{"--from", write("in.dat", ""), "--to", "-"}, "the format is unknown"},
		{"empty file", []string{"--from", write("empty.csv", ""), "--to", "-", "--to-format", "csv"}, "the file is empty"},
		{"no such column", []string{"--from", source, "--id", "key", "--to", "-", "--to-format", "csv"}, `there is no column "key"; there are "id", "text"`},
		{"UTF-16", []string{"--from", write("wide.csv", "\xff\xfei\x00d\x00"), "--to", "-", "--to-format", "csv"}, "UTF-16"},
		{"truncated gzip", []string{"--from", write("cut.csv.gz", zipped.String()[:zipped.Len()/2]), "--to", filepath.Join(dir, "cut.out.csv")}, "it was cut off"},
		{"truncated zstd", []string{"--from", write("cut.csv.zst", framed.String()[:framed.Len()-9]), "--to", filepath.Join(dir, "cut2.out.csv")}, "it was cut off"},
		{"not a database", []string{"--from", source, "--to", "sqlite:" + write("text.db", strings.Repeat("no database ", 1000))}, "not a database"},
		{"no directory", []string{"--from", source, "--to", "sqlite:" + filepath.Join(dir, "absent", "out.db")}, "no such file or directory"},
		{"no such database", []string{"--from", "sqlite:" + filepath.Join(dir, "absent.db") + "?table=t", "--id", "id", "--to", "-", "--to-format", "csv"}, "no such file"},
		{"UTF-16 without a mark", []string{"--from", write("wide2.csv", "i\x00d\x00,\x00t\x00\n\x00"), "--to", "-", "--to-format", "csv"}, "there is no column"},
		{"a scheme of another database", []string{"--from", source, "--to", "mysql://me:secret@localhost/db"}, "mysql:// is no address of ours"},
		{"keywords for a URL", []string{"--from", source, "--to", "host=localhost password=secret"}, "postgres://USER@HOST/DATABASE"},
		{"a URL with a slash too few", []string{"--from", source, "--to", "postgres:/me:secret@localhost/db"}, "postgres://USER@HOST/DATABASE"},
		{"the source is the sink", []string{"--from", source, "--to", source}, "is the source"},
		{"no permission", []string{"--from", source, "--to", "/proc/out.csv"}, "/proc/out.csv.partial"},
		{"too many errors", []string{"--from", write("bad.csv", "id,text\na,\nb,\n"), "--to", filepath.Join(dir, "bad.out.csv"), "--max-errors", "1"}, "2 rows have errors"},
		{"not a shard", []string{"--from", source, "--to", "-", "--to-format", "csv", "--shard", "4/4"}, "not a shard"},
		{"a query of a file", []string{"--from", source, "--to", "-", "--to-format", "csv", "--query", "SELECT 1"}, "a query is for a database"},
		{"password in a bad URL", []string{"--from", source, "--to", "postgres://me:se%cret@localhost/db"}, "is not a URL"},
		{"password, nobody there", []string{"--from", source, "--to", "postgres://me:secret@127.0.0.1:1/db"}, "postgres://127.0.0.1:1/db"},
		{"no table", []string{"--from", "sqlite:" + write("e.db", ""), "--id", "id", "--to", "-", "--to-format", "csv"}, "say which rows"},
		{"no such table", []string{"--from", "sqlite:" + write("f.db", "") + "?table=t", "--id", "id", "--to", "-", "--to-format", "csv"}, "no such table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := batchRun(t, "", c.args...)
			if out.code == success || !strings.Contains(out.stderr, c.want) || strings.Contains(out.stderr, "cret") || strings.Count(out.stderr, "\n") != 1 {
				t.Errorf("got %+v, want an error with %q in a line", out, c.want)
			}
		})
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*.out.csv")); len(names) > 0 {
		t.Errorf("there are results of failed runs: %q", names)
	}
}

// resultRows reads the CSV results in a file, without their times.
func resultRows(t *testing.T, in io.Reader) []string {
	t.Helper()
	records, err := csv.NewReader(in).ReadAll()
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

// Every format and every compression gives the same rows, in the order of the source.
func TestBatchFormats(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "in.csv")
	var in strings.Builder
	in.WriteString("id,text,extra\n")
	for i := range 10_000 {
		fmt.Fprintf(&in, "%d,%s %d,\"x, %d\"\n", i, []string{"Image segmentation", "Text classification with BERT", "Deploy models"}[i%3], i, i)
	}
	if err := os.WriteFile(source, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	options := []string{"--id", "id", "--keep", "extra", "--probabilities"}
	plain := batchRun(t, "", append([]string{"--from", source, "--to", "-", "--to-format", "csv"}, options...)...)
	want := resultRows(t, strings.NewReader(plain.stdout))
	if len(want) != 10_001 || plain.code != success {
		t.Fatalf("%d rows: %s", len(want), plain.stderr)
	}
	for _, name := range []string{"out.csv", "out.csv.gz", "out.csv.zst", "out.tsv"} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(dir, name)
			if o := batchRun(t, "", append([]string{"--from", source, "--to", out}, options...)...); o.code != success {
				t.Fatalf("%+v", o)
			}
			// Read it back by keeping its columns: all but the id and the text are as they were.
			again := batchRun(t, "", "--from", out, "--to", "-", "--to-format", "csv", "--text", "tag",
				"--keep", "id,tag,probability,probabilities,model,version,checksum,text_sha256,error,extra")
			got := resultRows(t, strings.NewReader(again.stdout))
			if len(got) != len(want) {
				t.Fatalf("%d rows, want %d: %s", len(got), len(want), again.stderr)
			}
			for i := 1; i < len(want); i++ {
				if !strings.HasSuffix(got[i], want[i]) {
					t.Fatalf("row %d: got\n%s\nwant the end\n%s", i, got[i], want[i])
				}
			}
		})
	}
	if names := slices.DeleteFunc(list(t, dir), func(n string) bool { return !strings.Contains(n, ".partial") && !strings.Contains(n, ".checkpoint") }); len(names) > 0 {
		t.Errorf("left behind: %q", names)
	}
}

// Two shards have each row once.
func TestBatchShards(t *testing.T) {
	source := filepath.Join(t.TempDir(), "in.csv")
	var in strings.Builder
	in.WriteString("id,text\n")
	for i := range 1000 {
		fmt.Fprintf(&in, "%d,Image segmentation %d\n", i, i)
	}
	if err := os.WriteFile(source, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := func(args ...string) []string {
		o := batchRun(t, "", append([]string{"--from", source, "--id", "id", "--to", "-", "--to-format", "csv"}, args...)...)
		if o.code != success {
			t.Fatalf("%+v", o)
		}
		return resultRows(t, strings.NewReader(o.stdout))[1:]
	}
	first, second, all := rows("--shard", "0/2"), rows("--shard", "1/2"), rows()
	if min(len(first), len(second)) < 400 {
		t.Errorf("%d and %d rows", len(first), len(second))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(append(first, second...))), slices.Sorted(slices.Values(all))); diff != "" {
		t.Error(diff)
	}
}

// A file need not have a line of names, nor be one that can be read twice.
func TestBatchNoHeader(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"rows", "a,Image segmentation\nb,hello\n", "a,computer-vision\nb,other\n"},
		{"no rows", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := batchRun(t, c.in, "--from", "-", "--from-format", "csv", "--no-header", "--id", "1", "--text", "2", "--to", "-", "--to-format", "csv", "--no-to-header")
			var got strings.Builder
			for line := range strings.Lines(o.stdout) {
				fields := strings.SplitN(line, ",", 3)
				fmt.Fprintf(&got, "%s,%s\n", fields[0], fields[1])
			}
			if diff := cmp.Diff(got.String(), c.want); diff != "" || o.code != success {
				t.Errorf("%s: %+v", diff, o)
			}
		})
	}
}

// The model comes from a directory of models, by its alias or its version.
func TestBatchModels(t *testing.T) {
	models := t.TempDir()
	for range 2 {
		if o := tagifai(t, "", "models", "--models", models, "add", "tagger", filepath.Join("..", "..", "model", "artifacts")); o.code != success {
			t.Fatalf("%+v", o)
		}
	}
	if o := tagifai(t, "", "models", "--models", models, "alias", "tagger", "stable", "2"); o.code != success {
		t.Fatalf("%+v", o)
	}
	if o := tagifai(t, "", "models", "--models", models, "alias", "tagger", "fallback", "1"); o.code != success {
		t.Fatalf("%+v", o)
	}
	for _, c := range []struct{ version, want string }{
		{"tagger", "tagger,2"},
		{"tagger@stable", "tagger,2"},
		{"tagger@fallback", "tagger,1"},
		{"tagger:1", "tagger,1"},
		{"tagger@nightly", "!nightly"},
		{"tagger:7", "!7"},
		{"another", "!another"},
		{"", "!NAME@ALIAS"},
	} {
		t.Run(c.version, func(t *testing.T) {
			args := []string{"--from", "-", "--from-format", "csv", "--to", "-", "--to-format", "csv", "--models", models}
			if c.version != "" {
				args = append(args, c.version)
			}
			o := batchRun(t, "text\nImage segmentation\n", args...)
			if fault, ok := strings.CutPrefix(c.want, "!"); ok {
				if o.code == success || !strings.Contains(o.stderr, fault) {
					t.Errorf("got %+v, want an error with %q", o, fault)
				}
				return
			}
			if !strings.Contains(o.stdout, ","+c.want+",") {
				t.Errorf("got %+v, want %s", o, c.want)
			}
		})
	}
}

// A query, and the history of a database, are options of the command.
func TestBatchDatabase(t *testing.T) {
	file := "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
	if o := batchRun(t, "id,text\na,Image segmentation\nb,x\n", "--from", "-", "--from-format", "csv", "--id", "id", "--keep", "text", "--to", file); o.code != success {
		t.Fatalf("%+v", o)
	}
	query := []string{"--from", file, "--query", "SELECT 'a' AS id, 'Text classification' AS text", "--id", "id", "--to", file}
	for _, c := range []struct {
		name      string
		args      []string
		unchanged float64
		rows      string
	}{
		{"history", append(query, "--history"), 0, "3"},
		{"history again", append(query, "--history"), 1, "3"},
		{"no history", query, 1, "2"},
	} {
		o := batchRun(t, "", c.args...)
		if summary := parse[map[string]any](t, o.stderr); summary["unchanged"] != c.unchanged || summary["rows"] != 1. {
			t.Errorf("%s: got %+v, want %v rows unchanged of one", c.name, o, c.unchanged)
		}
		count := batchRun(t, "", "--from", file, "--query", "SELECT count(*) AS id, 'x' AS text FROM results", "--id", "id", "--to", "-", "--to-format", "csv", "--no-to-header")
		if got, _, _ := strings.Cut(count.stdout, ","); got != c.rows {
			t.Errorf("%s: got %s rows, want %s", c.name, got, c.rows)
		}
	}
}

// Where there is no terminal, a line of JSON a minute says how far the run is.
func TestBatchProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newBatchProgress(&out)
		status := batch.Status{Began: 1000, Total: 4000}
		for second := range 125 {
			time.Sleep(time.Second)
			status.Rows, status.Errors, status.Done = int64(second+1)*10, 3, 1000+int64(second+1)*20
			p.Status(status)
		}
		p.Waiting(io.ErrUnexpectedEOF)
		p.end()
		if err := p.summary(&status, monitor.New(defaultModel(t), time.Now())); err != nil {
			t.Error(err)
		}
		want := `{"message":"progress","rows":600,"errors":3,"unchanged":0,"resumed":0,"rows_per_second":10,"seconds":60,"seconds_left":90}
{"message":"progress","rows":1200,"errors":3,"unchanged":0,"resumed":0,"rows_per_second":10,"seconds":120,"seconds_left":30}
{"message":"waiting for the database","error":"unexpected EOF"}
{"message":"done","rows":1250,"errors":3,"unchanged":0,"resumed":0,"rows_per_second":10,"seconds":125}
`
		if diff := cmp.Diff(out.String(), want); diff != "" {
			t.Error(diff)
		}
	})
}

// A run that a signal ends leaves a checkpoint, and the next one goes on from it, but
// not for another job.
func TestBatchGoesOn(t *testing.T) {
	dir := t.TempDir()
	source, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.csv")
	var in strings.Builder
	in.WriteString("id,text\n")
	for i := range 20_000 {
		fmt.Fprintf(&in, "%d,Image segmentation %d\n", i, i)
	}
	in.WriteString("last,\n")
	if err := os.WriteFile(source, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := batchRun(t, "", "--from", source, "--id", "id", "--to", out, "--max-errors", "0"); o.code != failure {
		t.Fatalf("%+v", o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if code := run(ctx, []string{"batch", "--from", source, "--id", "id", "--to", out}, strings.NewReader(""), io.Discard, &stderr); code != failure {
		t.Fatalf("%d: %s", code, stderr.String())
	}
	if o := batchRun(t, "", "--from", source, "--to", out); o.code != failure || !strings.Contains(o.stderr, "another run") {
		t.Errorf("with other columns: %+v", o)
	}
	o := batchRun(t, "", "--from", source, "--id", "id", "--to", out)
	var summary map[string]any
	if err := json.Unmarshal([]byte(o.stderr), &summary); err != nil {
		t.Fatalf("%v: %+v", err, o)
	}
	if diff := cmp.Diff([]any{summary["rows"], summary["errors"], summary["resumed"]}, []any{20_001., 1., 20_001.}); diff != "" {
		t.Error(diff)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ids := make(map[string]bool)
	rows := resultRows(t, f)
	for _, r := range rows {
		id, _, _ := strings.Cut(r, "|")
		ids[id] = true
	}
	if len(rows) != 20_002 || len(ids) != 20_002 {
		t.Errorf("%d rows, %d ids", len(rows), len(slices.Collect(maps.Keys(ids))))
	}
}
