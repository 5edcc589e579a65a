// Package database reads the addresses of databases and opens them: SQLite, which is a
// file, and PostgreSQL.
package database

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"tagifai/internal/roots"
)

// The kinds of databases.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// DefaultSchema is the schema of PostgreSQL that has the tables of predictions.
const DefaultSchema = "tagifai"

// An Address says where a database is.
type Address struct {
	Kind string
	File string // of SQLite

	url *url.URL // of PostgreSQL; it may hold a password, and is not to be printed
}

// IsAddress reports whether a text is meant to be the address of a database.
func IsAddress(text string) bool {
	return strings.HasPrefix(text, "sqlite:") || strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// Parse reads sqlite:FILE or postgres://…. It returns the options behind the question mark
// that are in own, and leaves the others of PostgreSQL to its driver. No error holds a
// password.
func Parse(text string, own ...string) (Address, url.Values, error) {
	switch {
	case strings.HasPrefix(text, "sqlite:"):
		file, query, _ := strings.Cut(strings.TrimPrefix(text, "sqlite:"), "?")
		options, err := url.ParseQuery(query)
		if err != nil || file == "" {
			return Address{}, nil, fmt.Errorf("%s: the address of a file is wanted, such as sqlite:FILE", text)
		}
		a := Address{Kind: SQLite, File: file}
		took := take(options, own)
		for name := range options {
			return Address{}, nil, fmt.Errorf("%s: there is no option %q", a, name)
		}
		return a, took, nil
	case IsAddress(text):
		u, err := url.Parse(text)
		if err != nil { // whose text has the password
			return Address{}, nil, errors.New("the address of PostgreSQL is not a URL; postgres://USER@HOST/DATABASE is wanted, with special characters of the password as %XX")
		}
		options := u.Query()
		took := take(options, own)
		u.RawQuery = options.Encode()
		return Address{Kind: Postgres, url: u}, took, nil
	}
	return Address{}, nil, errors.New("it is not the address of a database; give sqlite:FILE or postgres://USER@HOST/DATABASE")
}

// take takes the options with these names away from the others.
func take(options url.Values, names []string) url.Values {
	took := url.Values{}
	for _, name := range names {
		if values, ok := options[name]; ok {
			took[name] = values
			delete(options, name)
		}
	}
	return took
}

// String names the database, without a password.
func (a Address) String() string {
	switch a.Kind {
	case SQLite:
		return "sqlite:" + a.File
	case Postgres:
		return "postgres://" + a.url.Host + a.url.Path
	}
	return ""
}

// secrets are the options of PostgreSQL that are not to be printed.
var secrets = []string{"password", "sslpassword"}

// hide replaces the passwords of the address in a text.
func (a Address) hide(text string) string {
	options := a.url.Query()
	password, _ := a.url.User.Password()
	hidden := []string{password}
	for _, name := range secrets {
		hidden = append(hidden, options[name]...)
	}
	for _, secret := range hidden {
		if secret != "" {
			text = strings.NewReplacer(secret, "xxxxx", url.QueryEscape(secret), "xxxxx", url.PathEscape(secret), "xxxxx").Replace(text)
		}
	}
	return text
}

// Redact returns an address as it may be shown: with its options, and xxxxx for a password.
// It returns "…" for what may hold a password at a place that is not known.
func Redact(text string) string {
	if text == "" || strings.HasPrefix(text, "sqlite:") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || !IsAddress(text) {
		return "…"
	}
	options := u.Query()
	for _, name := range secrets {
		if options.Has(name) {
			options.Set(name, "xxxxx")
			u.RawQuery = options.Encode()
		}
	}
	return u.Redacted()
}

// OpenSQLite opens a database file. It is made if it does not exist, unless the access is
// to be read-only. Patience is how long a statement waits for another's lock.
func OpenSQLite(file string, readOnly bool, patience time.Duration) (*sql.DB, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	options := url.Values{"_pragma": {fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds())}, "_txlock": {"immediate"}}
	if readOnly {
		options.Set("mode", "ro")
	} else {
		options["_pragma"] = append(options["_pragma"], "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-16000)", "temp_store(MEMORY)")
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: options.Encode()}).String())
}

// PostgresConfig returns what a connection to PostgreSQL is made of. The search path is the
// schema, if it is not empty.
func PostgresConfig(a Address, schema string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(a.url.String())
	if err != nil {
		return nil, errors.New(a.hide(err.Error()))
	}
	if config.TLSConfig != nil {
		roots.UseFallback()
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 30 * time.Second
	}
	if _, ok := config.RuntimeParams["application_name"]; !ok {
		config.RuntimeParams["application_name"] = "tagifai"
	}
	if schema != "" {
		config.RuntimeParams["search_path"] = QuoteName(schema)
	}
	return config, nil
}

// QuoteName quotes the name of a schema, a table or a column. Both databases do it alike.
func QuoteName(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
