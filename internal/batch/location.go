package batch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/internal/database"
)

// A Location is a file or a table.
type Location struct {
	kind    string // file, sqlite or postgres
	file    string // "-" for the standard streams
	format  format // of a file
	address database.Address
	table   string
	query   string
	schema  string
}

// A format is what a file is made of.
type format struct {
	rows        string // csv, tsv or jsonl
	compression string // "", gz or zst
	delimiter   rune   // of the fields of csv and tsv
	headless    bool   // the first line is a row; columns are called 1, 2 …
}

const (
	inFile     = "file"
	inSQLite   = database.SQLite
	inPostgres = database.Postgres
)

// A FileFormat says of a file what its name does not say.
type FileFormat struct {
	Name      string // such as csv or jsonl.gz; the file's name tells if empty
	Delimiter string // of the fields of a CSV file; a comma if empty
	NoHeader  bool   // a CSV file has no names of columns
}

// ParseLocation reads a location as the command line has it: a file, "-",
// sqlite:FILE?table=NAME or postgres://….
func ParseLocation(text string, f FileFormat) (Location, error) {
	switch {
	case text == "":
		return Location{}, errors.New("the name of the file or table is empty")
	case database.IsAddress(text):
		return parseDatabase(text)
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch { // the text may hold a password
	case isURL:
		return Location{}, fmt.Errorf("%s:// is no address of ours; it begins with postgres:// or sqlite:, or is the name of a file", scheme)
	case strings.HasPrefix(text, "postgres") && strings.Contains(text, "@"),
		strings.Contains(text, "host=") || strings.Contains(text, "dbname=") || strings.Contains(text, "password="):
		return Location{}, errors.New("the address of PostgreSQL is written as a URL: postgres://USER@HOST/DATABASE")
	}
	l := Location{kind: inFile, file: text}
	var err error
	l.format, err = parseFormat(text, f)
	return l, err
}

// parseDatabase reads the address of a database, with the table or the query.
func parseDatabase(text string) (Location, error) {
	own := []string{"table", "query"}
	if !strings.HasPrefix(text, database.SQLite) {
		own = append(own, "schema")
	}
	address, options, err := database.Parse(text, own...)
	if err != nil {
		return Location{}, err
	}
	l := Location{kind: address.Kind, file: address.File, address: address, table: options.Get("table"), query: options.Get("query")}
	if l.kind == inPostgres {
		l.schema = database.DefaultSchema
		if options.Has("schema") {
			l.schema = options.Get("schema")
		}
	}
	if l.table != "" && l.query != "" {
		return Location{}, fmt.Errorf("%s: a table or a query, not both", l)
	}
	return l, nil
}

func parseFormat(file string, f FileFormat) (format, error) {
	name := strings.ToLower(f.Name)
	if name == "" {
		name = strings.ToLower(filepath.Base(file))
	}
	compressions := map[string]string{"gz": "gz", "gzip": "gz", "zst": "zst", "zstd": "zst"}
	rows := map[string]string{"csv": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl"}
	parts := strings.Split(name, ".")
	var result format
	if c, ok := compressions[parts[len(parts)-1]]; ok {
		result.compression, parts = c, parts[:len(parts)-1]
	}
	if len(parts) > 0 {
		result.rows = rows[parts[len(parts)-1]]
	}
	if result.rows == "" {
		return format{}, fmt.Errorf("%s: the format is unknown; say csv, tsv or jsonl, with .gz or .zst if it is compressed, in its name or as an option", file)
	}
	result.delimiter = ','
	if result.rows == "tsv" {
		result.delimiter = '\t'
	}
	if f.Delimiter != "" {
		d := []rune(strings.ReplaceAll(f.Delimiter, `\t`, "\t"))
		if len(d) != 1 || slices.Contains([]rune("\"\r\n\ufffd"), d[0]) {
			return format{}, fmt.Errorf("%q is not a delimiter; one character is wanted", f.Delimiter)
		}
		result.delimiter = d[0]
	}
	result.headless = f.NoHeader
	return result, nil
}

// String names the location, without a password.
func (l Location) String() string {
	if l.kind != inFile {
		return l.address.String()
	}
	if l.file == "-" {
		return "the standard stream"
	}
	return l.file
}

// identify returns what differs between two states of a source, and "" for one that
// cannot be read again.
func (l Location) identify() (string, error) {
	if l.kind == inPostgres {
		return strings.Join([]string{l.String(), l.table, l.query}, "\x00"), nil
	}
	if l.file == "-" {
		return "", nil
	}
	info, err := os.Stat(l.file)
	if err != nil {
		return "", err
	}
	if info.IsDir() {
		return "", fmt.Errorf("%s is a directory", l.file)
	}
	file, err := filepath.Abs(l.file)
	if err != nil {
		return "", err
	}
	if l.kind == inSQLite { // which may be the sink as well, and grows
		return strings.Join([]string{file, l.table, l.query}, "\x00"), nil
	}
	if !info.Mode().IsRegular() { // a pipe
		return "", nil
	}
	return fmt.Sprintf("%s\x00%d\x00%d", file, info.Size(), info.ModTime().UnixNano()), nil
}

// identity returns what differs between two jobs that cannot go on from each other's
// checkpoints.
func (j *Job) identity(source string) string {
	data, err := json.Marshal([]any{
		source, j.From.format.rows, j.From.format.delimiter, j.From.format.headless,
		j.To.format.rows, j.To.format.compression, j.To.format.delimiter, j.To.format.headless,
		j.Columns, j.Model.Name, j.Model.Version, j.Model.Sum, j.Probabilities, j.History, j.Shard,
	})
	if err != nil {
		panic(err) // all of them are texts and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (j *Job) openSource(ctx context.Context, from Position, w Watcher) (source, error) {
	if len(j.Columns.Text) == 0 {
		return nil, errors.New("no column of texts is named")
	}
	switch j.From.kind {
	case inSQLite, inPostgres:
		return openTable(ctx, j.From, j.Columns, from, w)
	}
	return openFile(j.From, j.Stdin, j.Columns, from)
}

func (j *Job) openSink(ctx context.Context, w Watcher) (sink, error) {
	switch j.To.kind {
	case inSQLite:
		return newSQLiteSink(ctx, j)
	case inPostgres:
		return newPostgresSink(ctx, j, w)
	}
	return newFileSink(j)
}
