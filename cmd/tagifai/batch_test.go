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

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
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
	for _, c := range []struct{ name, format, in, want string }{
		{"csv", "csv", "id,text\na,Image segmentation\n", "a computer-vision"},
		{"quotes and lines", "csv", "id,text\na,\"Image\n\"\"segmentation\"\", now\"\n", "a computer-vision"},
		{"tsv", "tsv", "id\ttext\na\tImage segmentation\n", "a computer-vision"},
		{"byte order mark", "csv", "\ufeffid,text\na,Image segmentation\n", "a computer-vision"},
		{"jsonl", "jsonl", `{"id":7,"text":"Image segmentation"}` + "\n\n" + `{"text":"Image segmentation","id":"b"}`, "7 computer-vision|b computer-vision"},
		{"no rows", "csv", "id,text\n", ""},
		{"duplicate ids", "csv", "id,text\na,Image segmentation\na,Image segmentation\n", "a computer-vision|a computer-vision"},
		{"10 MB", "csv", "id,text\na," + long + "\nb,x\n", "a computer-vision|b other"},
		{"fields missing", "csv", "id,text\na\nb,Image segmentation\n", "a !1 fields, and the first line has 2|b computer-vision"},
		{"no id", "csv", "id,text\n,Image segmentation\n", "#1 !there is no id"},
		{"empty text", "csv", "id,text\na,  \n", "a !the text is empty"},
		{"bare quote", "csv", "id,text\na,5\" disk\nb,Image segmentation\n", "a !malformed row: bare \" in non-quoted-field|b computer-vision"},
		{"quote not closed", "csv", "id,text\na,\"x\nb,Image segmentation\n", "a !malformed row: extraneous or missing \" in quoted-field|b computer-vision"},
		{"quote not closed, and another one", "csv", "id,text\r\n\r\na,\"x\r\nb,Image segmentation\r\nc,\"Image segmentation\"\r\n",
			"a !malformed row: extraneous or missing \" in quoted-field|b computer-vision|c computer-vision"},
		{"quote not closed, in the last line", "csv", "id,text\na,\"x", "a !malformed row: extraneous or missing \" in quoted-field"},
		{"quote not closed, and 33 MiB", "csv", "id,text\na,\"x\n" + strings.Repeat("b,"+strings.Repeat("x", 1<<20)+"\n", 33),
			"a !a row of more than 32 MiB; is a quote not closed?" + strings.Repeat("|b other", 33)},
		{"33 MiB in a line", "csv", "id,text\na," + strings.Repeat("x", 33<<20) + "\nb,Image segmentation\n",
			"a !a row of more than 32 MiB; is a quote not closed?|b computer-vision"},
		{"33 MiB in quotes", "csv", "id,text\na,\"" + strings.Repeat("x", 33<<20) + "\"\nb,Image segmentation\n",
			"a !a row of more than 32 MiB; is a quote not closed?|b computer-vision"},
		{"33 MiB without an end", "csv", "text,id\nImage segmentation,a\n" + strings.Repeat("x", 33<<20), "a computer-vision|#2 !a row of more than 32 MiB; is a quote not closed?"},
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
