package batch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tagifai/internal/database"
)

// WithQuery returns the location with a query in place of a table.
func (l Location) WithQuery(query string) (Location, error) {
	switch {
	case l.kind == inFile:
		return l, fmt.Errorf("%s is a file; a query is for a database", l)
	case l.table != "" || l.query != "":
		return l, fmt.Errorf("%s names its rows already", l)
	}
	l.query = query
	return l, nil
}

// A tableSource reads a table, or the result of a query, in the order of the ids.
type tableSource struct {
	location Location
	columns  Columns
	names    []string // of all columns: the id, the texts, those that go along
	watcher  Watcher
	at       Position
	total    int64 // rows of a table; 0 if unknown
	skip     int64 // rows to be passed over
	rows     tableRows
	fields   []*string // of a row; nil for NULL
	idType   string    // of the row, in SQLite
	targets  []any
}

// tableRows are *sql.Rows and pgx.Rows.
type tableRows interface {
	Next() bool
	Scan(targets ...any) error
	Err() error
}

func openTable(ctx context.Context, l Location, c Columns, from Position, w Watcher) (source, error) {
	switch {
	case l.table == "" && l.query == "":
		return nil, fmt.Errorf("%s: say which rows, by table=NAME or a query", l)
	case c.ID == "":
		return nil, fmt.Errorf("%s: name the column of the ids, by which a table has an order", l)
	}
	s := &tableSource{location: l, columns: c, watcher: w, at: from, names: slices.Concat([]string{c.ID}, c.Text, c.Keep)}
	s.fields = make([]*string, len(s.names))
	for i := range s.fields {
		s.targets = append(s.targets, &s.fields[i])
	}
	if l.kind == inSQLite {
		s.targets = append(s.targets, &s.idType)
	}
	if err := s.open(ctx); err != nil {
		if missesColumn(err) {
			err = fmt.Errorf("%w; --id, --text and --keep name the columns", err)
		}
		return nil, s.wrap(err)
	}
	return s, nil
}

// missesColumn reports whether an error of a database says that there is no such column.
func missesColumn(err error) bool {
	const undefinedColumn = "42703" // PostgreSQL's; SQLite has no code of its own
	if postgres, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgres.Code == undefinedColumn
	}
	return strings.Contains(err.Error(), "no such column")
}

// statement returns the SQL for the rows behind the position, and its parameters.
func (s *tableSource) statement() (string, []any) {
	id := columnName(s.columns.ID)
	var columns, order []string
	for i, name := range s.names {
		columns = append(columns, s.column(name))
		if i > 0 { // rows with the same id have an order as well
			order = append(order, ", CAST("+columnName(name)+" AS TEXT)")
		}
	}
	if s.location.kind == inSQLite {
		columns = append(columns, "typeof("+id+")")
		id += " COLLATE BINARY" // as Go compares ids
	}
	statement := "SELECT " + strings.Join(columns, ", ") + " FROM " + s.from()
	var parameters []any
	s.skip = s.at.Row
	if last, ok := s.lastID(); ok {
		statement += " WHERE " + id + " >= $1"
		parameters = append(parameters, last)
		s.skip = s.at.SameID
	}
	return statement + " ORDER BY " + id + " NULLS FIRST" + strings.Join(order, ""), parameters
}

// from returns the SQL that names the rows.
func (s *tableSource) from() string {
	if s.location.query != "" {
		return "(" + strings.TrimRight(s.location.query, "; \n\t") + "\n) AS source"
	}
	return quoteTable(s.location.table) + " AS source"
}

// column returns the SQL for a column as text. It is cut behind the limit of a row, so
// that it fits in memory.
func (s *tableSource) column(name string) string {
	const limit = rowLimit + 1
	name = columnName(name)
	if s.location.kind == inPostgres {
		return fmt.Sprintf("left(CAST(%s AS text), %d)", name, limit)
	}
	return fmt.Sprintf("CASE WHEN octet_length(%s) < %d THEN CAST(%[1]s AS TEXT) ELSE CAST(substr(CAST(%[1]s AS BLOB), 1, %[2]d) AS TEXT) END", name, limit)
}

// columnName quotes the name of a column. SQLite takes a name that it does not find, and
// that stands alone, for a text.
func columnName(name string) string { return "source." + database.QuoteName(name) }

// lastID returns the id of the last row, if the rows behind it can be asked for. SQLite
// compares values of different types, so it must be of the type that it has in the table.
func (s *tableSource) lastID() (any, bool) {
	switch {
	case s.at.ID == nil:
		return nil, false
	case s.location.kind == inPostgres, s.at.IDType == "text":
		return *s.at.ID, true
	case s.at.IDType == "integer":
		id, err := strconv.ParseInt(*s.at.ID, 10, 64)
		return id, err == nil
	}
	return nil, false
}

// open asks for the rows, and at the beginning for their number.
func (s *tableSource) open(ctx context.Context) error {
	statement, parameters := s.statement()
	count := ""
	if s.total == 0 && s.location.query == "" { // a query may take its time
		count = "SELECT count(*) FROM " + s.from()
	}
	if s.location.kind == inSQLite {
		db, err := database.OpenSQLite(s.location.file, true, time.Minute)
		if err != nil {
			return err
		}
		if count != "" {
			err = db.QueryRowContext(ctx, count).Scan(&s.total)
		}
		var rows *sql.Rows
		if err == nil {
			rows, err = db.QueryContext(ctx, statement, parameters...)
		}
		if err != nil {
			return errors.Join(err, db.Close())
		}
		s.rows = sqliteRows{rows, db}
		return nil
	}
	conn, err := connectPostgres(ctx, s.location, "")
	if err != nil {
		return err
	}
	if count != "" {
		err = conn.QueryRow(ctx, count).Scan(&s.total)
	}
	var rows pgx.Rows
	if err == nil {
		rows, err = conn.Query(ctx, statement, parameters...)
	}
	if err != nil {
		closePostgres(conn)
		return err
	}
	s.rows = postgresRows{rows, conn}
	return nil
}

type sqliteRows struct {
	*sql.Rows
	db *sql.DB
}

func (r sqliteRows) Close() error { return errors.Join(r.Rows.Close(), r.db.Close()) }

type postgresRows struct {
	pgx.Rows
	conn *pgx.Conn
}

func (r postgresRows) Close() error {
	closePostgres(r.conn) // which ends the rows as well, without reading the rest
	return nil
}

func (s *tableSource) Close() error {
	if c, ok := s.rows.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (s *tableSource) wrap(err error) error {
	if s.location.kind == inPostgres {
		return wrapPostgres(s.location, err)
	}
	return fmt.Errorf("%s: %w", s.location, err)
}

func (s *tableSource) position() Position { return s.at }

func (s *tableSource) size() (done, total int64) { return s.at.Row, s.total }

func (s *tableSource) read(ctx context.Context, r *row) error {
	var end bool
	next := func() error {
		if s.rows == nil {
			if err := s.open(ctx); err != nil {
				return err
			}
		}
		for s.rows.Next() {
			if s.skip > 0 {
				s.skip--
				continue
			}
			return s.rows.Scan(s.targets...)
		}
		end = true
		return s.rows.Err()
	}
	var err error
	if s.location.kind == inPostgres {
		err = patiently(ctx, s.watcher, func() error {
			end = false
			err := next()
			if err != nil { // go on with another connection, behind the last row
				_ = s.Close()
				s.rows = nil
			}
			return err
		})
	} else {
		err = next()
	}
	if err != nil {
		return s.wrap(fmt.Errorf("behind row %d: %w", s.at.Row, err))
	}
	if end {
		return io.EOF
	}
	s.set(r)
	return nil
}

// set sets r to the fields, and moves the position behind it.
func (s *tableSource) set(r *row) {
	id := s.fields[0]
	s.at.Row++
	if id != nil && s.at.ID != nil && *id == *s.at.ID && s.idType == s.at.IDType {
		s.at.SameID++
	} else {
		s.at.SameID = 1
	}
	s.at.ID, s.at.IDType = id, s.idType
	long := ""
	values := make([]value, len(s.fields))
	for i, field := range s.fields {
		switch {
		case field == nil:
			values[i].kind = nullValue
		case len(*field) > rowLimit:
			values[i].kind, long = nullValue, s.names[i]
		default:
			values[i].text = *field
		}
	}
	texts := 1 + len(s.columns.Text)
	r.id = values[0].text
	setText(r, s.columns.Text, values[1:texts])
	r.keep = values[texts:]
	if long != "" {
		r.bad = fmt.Sprintf("the column %s has more than %d MiB", long, rowLimit>>20)
	}
}
