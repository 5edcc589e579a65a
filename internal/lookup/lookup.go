// Package lookup reads what tagifai batch has written into a database: the newest
// prediction for an id. It knows no HTTP.
package lookup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/rs/zerolog"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tagifai/internal/database"
)

// What keeps predictions from being read. The log has the cause.
var (
	ErrUnavailable = errors.New("the database of the predictions cannot be read")
	ErrNoTables    = errors.New("the database has no tables of predictions")
)

// A Prediction is the newest row for an id. It has an error or a tag.
type Prediction struct {
	ID            string
	Tag           string
	Probability   *float64       // nil for a model that has none
	Probabilities jsontext.Value // by class; nil if they were not asked for
	Error         string
	Keep          jsontext.Value // the columns that went along; nil if there are none
	Version       string
	Checksum      string
	TextSHA256    string // in hexadecimal
	At            time.Time
}

// Bytes returns how much memory the prediction takes, or somewhat more.
func (p *Prediction) Bytes() int {
	return 512 + len(p.ID) + len(p.Tag) + len(p.Probabilities) + len(p.Error) + len(p.Keep)
}

// Options say how a database is read.
type Options struct {
	Address     string        // sqlite:FILE or postgres://…, with a schema if it is not tagifai
	Connections int           // at most
	Timeout     time.Duration // of a read
	Log         zerolog.Logger
}

// A Table reads the predictions of a database. It is safe for concurrent use. Make it with
// [Open].
type Table struct {
	address   database.Address
	timeout   time.Duration
	log       zerolog.Logger
	db        *sql.DB
	query     string
	asked     func(ids []string) (any, error) // makes a parameter of ids
	statement atomic.Pointer[sql.Stmt]        // nil until there is a connection
	trouble   atomic.Pointer[time.Time]       // when it was logged last; nil while all is well
}

// maxLifetime is how long a connection is kept. After that, a file that has taken the
// place of another is noticed.
const maxLifetime = time.Minute

// Open returns a table without looking for the database. An error is about the address.
func Open(o Options) (*Table, error) {
	address, options, err := database.Parse(o.Address, "schema")
	if err != nil {
		return nil, err
	}
	t := &Table{address: address, timeout: o.Timeout, log: o.Log.With().Stringer("database", address).Logger()}
	switch address.Kind {
	case database.SQLite:
		if options.Has("schema") {
			return nil, fmt.Errorf("%s: SQLite has no schemas; leave schema out", address)
		}
		t.query, t.asked = ofSQLite, marshal
		t.db, err = database.OpenSQLite(address.File, true, o.Timeout)
	default:
		schema := database.DefaultSchema
		if options.Has("schema") {
			schema = options.Get("schema")
		}
		t.query = strings.ReplaceAll(ofPostgres, "{schema}", database.QuoteName(schema))
		t.asked = func(ids []string) (any, error) { return ids, nil }
		t.db, err = openPostgres(address)
	}
	if err != nil {
		return nil, err
	}
	t.db.SetMaxOpenConns(o.Connections)
	t.db.SetMaxIdleConns(o.Connections)
	t.db.SetConnMaxLifetime(maxLifetime)
	return t, nil
}

// ofSQLite finds the newest prediction of a model for each id of a JSON array. With a lone
// max, SQLite takes the other columns from the row that has it.
const ofSQLite = `SELECT p.source_id, p.tag, p.probability, p.probabilities, p.error, p.keep,
    m.version, m.checksum, lower(hex(p.text_sha256)), max(p.predicted_at)
FROM json_each($1) AS asked
CROSS JOIN predictions AS p ON p.source_id = asked.value
CROSS JOIN models AS m ON m.id = p.model_id
WHERE m.name = $2
GROUP BY p.source_id`

// ofPostgres does so for an array.
const ofPostgres = `SELECT newest.* FROM unnest($1::text[]) AS asked (id)
CROSS JOIN LATERAL (
    SELECT p.source_id, p.tag, p.probability, p.probabilities::text, p.error, p.keep::text,
        m.version, m.checksum, encode(p.text_sha256, 'hex'), (extract(epoch FROM p.predicted_at) * 1000000)::bigint
    FROM {schema}.predictions AS p JOIN {schema}.models AS m ON m.id = p.model_id
    WHERE p.source_id = asked.id AND m.name = $2
    ORDER BY p.predicted_at DESC LIMIT 1) AS newest`

func marshal(ids []string) (any, error) {
	data, err := json.Marshal(ids)
	return string(data), err
}

func openPostgres(address database.Address) (*sql.DB, error) {
	config, err := database.PostgresConfig(address, "")
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	// The statement is prepared once. A plan that was made while the table was small must
	// not read all of it when it has grown.
	config.RuntimeParams["enable_seqscan"] = "off"
	config.RuntimeParams["jit"] = "off" // compiling takes longer than the read
	return stdlib.OpenDB(*config), nil
}

// String names the database, without a password.
func (t *Table) String() string { return t.address.String() }

// Close closes the connections.
func (t *Table) Close() error { return t.db.Close() }

// Check tells the log whether the database can be read. A database that is away is not an
// error: it is asked again for each read.
func (t *Table) Check(ctx context.Context) {
	err := t.Newest(ctx, "", []string{""}, func(*Prediction) error { return nil })
	if err == nil {
		t.log.Info().Msg("serving predictions from the database")
	}
}

// Newest calls found with the newest prediction of a model for each of these ids that has
// one, in any order. Its errors are ErrUnavailable, ErrNoTables, and those of ctx and
// found.
func (t *Table) Newest(ctx context.Context, model string, ids []string, found func(*Prediction) error) error {
	ids = storable(ids)
	if len(ids) == 0 {
		return nil
	}
	var refused error // by found
	within, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	err := t.read(within, model, ids, func(p *Prediction) error {
		refused = found(p)
		return refused
	})
	switch {
	case err == nil:
		t.recovered()
		return nil
	case refused != nil:
		return refused
	case ctx.Err() != nil: // nobody waits for it any more, which says nothing about the database
		return ctx.Err()
	}
	t.failed(err)
	if noTables(err) {
		return ErrNoTables
	}
	return ErrUnavailable
}

// storable returns the ids that a database can have, each once.
func storable(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		if seen[id] || strings.IndexByte(id, 0) >= 0 || !utf8.ValidString(id) {
			return true
		}
		seen[id] = true
		return false
	})
}

func (t *Table) read(ctx context.Context, model string, ids []string, found func(*Prediction) error) error {
	asked, err := t.asked(ids)
	if err != nil {
		return err
	}
	statement, err := t.prepared(ctx)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, asked, model)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		p := new(Prediction)
		var tag, probabilities, bad, keep sql.NullString
		var at int64
		if err := rows.Scan(&p.ID, &tag, &p.Probability, &probabilities, &bad, &keep, &p.Version, &p.Checksum, &p.TextSHA256, &at); err != nil {
			return err
		}
		p.Tag, p.Error, p.At = tag.String, bad.String, time.UnixMicro(at).UTC()
		p.Probabilities, p.Keep = value(probabilities), value(keep)
		if err := found(p); err != nil {
			return err
		}
	}
	return rows.Err()
}

func value(s sql.NullString) jsontext.Value {
	if !s.Valid {
		return nil
	}
	return jsontext.Value(s.String)
}

// prepared returns the statement, which is prepared once for each connection.
func (t *Table) prepared(ctx context.Context) (*sql.Stmt, error) {
	if s := t.statement.Load(); s != nil {
		return s, nil
	}
	s, err := t.db.PrepareContext(ctx, t.query)
	if err != nil {
		return nil, err
	}
	if !t.statement.CompareAndSwap(nil, s) { // another request was first
		_ = s.Close()
	}
	return t.statement.Load(), nil
}

// remindEvery is how often the log tells of a database that stays away.
const remindEvery = time.Minute

// failed tells the log, at first and from time to time, why the database cannot be read.
func (t *Table) failed(err error) {
	last, now := t.trouble.Load(), time.Now()
	if last != nil && now.Sub(*last) < remindEvery || !t.trouble.CompareAndSwap(last, &now) {
		return
	}
	message := "the predictions cannot be read; the requests for them get a 503"
	if noTables(err) {
		message = "there are no tables of predictions; tagifai batch makes them"
	}
	t.log.Error().Str("error", strings.Join(strings.Fields(err.Error()), " ")).Msg(message)
}

func (t *Table) recovered() {
	if t.trouble.Load() != nil && t.trouble.Swap(nil) != nil {
		t.log.Info().Msg("the predictions can be read again")
	}
}

// noTables reports whether an error says that the tables are missing, or are not ours.
func noTables(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "42P01", "3F000", "42703": // table, schema, column
			return true
		}
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_ERROR // there is nothing wrong with the SQL itself
}
