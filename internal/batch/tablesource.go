package batch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
	watcher  Watcher
	at       Position
	skip     int64 // rows to be passed over
	rows     tableRows
	fields   []*string // of a row; nil for NULL
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
	s := &tableSource{location: l, columns: c, watcher: w, at: from}
	s.fields = make([]*string, 1+len(c.Text)+len(c.Keep))
	for i := range s.fields {
		s.targets = append(s.targets, &s.fields[i])
	}
	if err := s.open(ctx); err != nil {
		return nil, s.wrap(err)
	}
	return s, nil
}

// statement returns the SQL for the rows behind the position, and its parameters.
func (s *tableSource) statement() (string, []any) {
	cast := func(name string) string { return "CAST(" + database.QuoteName(name) + " AS TEXT)" }
	columns := []string{cast(s.columns.ID)}
	for _, name := range append(append([]string(nil), s.columns.Text...), s.columns.Keep...) {
		columns = append(columns, cast(name))
	}
	from := quoteTable(s.location.table)
	if s.location.query != "" {
		from = "(" + strings.TrimRight(s.location.query, "; \n\t") + ")"
	}
	statement := "SELECT " + strings.Join(columns, ", ") + " FROM " + from + " AS source"
	var parameters []any
	s.skip = s.at.Row
	// In SQLite a column of a query may have no type, and is not comparable to a text.
	if s.at.ID != nil && (s.location.kind == inPostgres || s.location.query == "") {
		statement += " WHERE " + database.QuoteName(s.columns.ID) + " >= $1"
		parameters = append(parameters, *s.at.ID)
		s.skip = s.at.SameID
	}
	// Rows with the same id have an order as well, by all that is read of them.
	return statement + " ORDER BY " + database.QuoteName(s.columns.ID) + " NULLS FIRST, " + strings.Join(columns[1:], ", "), parameters
}

func (s *tableSource) open(ctx context.Context) error {
	statement, parameters := s.statement()
	if s.location.kind == inSQLite {
		db, err := database.OpenSQLite(s.location.file, true, time.Minute)
		if err != nil {
			return err
		}
		rows, err := db.QueryContext(ctx, statement, parameters...)
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
	rows, err := conn.Query(ctx, statement, parameters...)
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

func (s *tableSource) size() (done, total int64) { return 0, 0 }

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
	if id != nil && s.at.ID != nil && *id == *s.at.ID {
		s.at.SameID++
	} else {
		s.at.SameID = 1
	}
	s.at.ID = id
	if id != nil {
		r.id = *id
	}
	at := func(i int) value {
		if s.fields[i] == nil {
			return value{kind: nullValue}
		}
		return value{text: *s.fields[i]}
	}
	texts := make([]value, len(s.columns.Text))
	for i := range texts {
		texts[i] = at(1 + i)
	}
	setText(r, s.columns.Text, texts)
	if len(s.columns.Keep) > 0 {
		r.keep = make([]value, len(s.columns.Keep))
		for i := range r.keep {
			r.keep[i] = at(1 + len(texts) + i)
		}
	}
}
