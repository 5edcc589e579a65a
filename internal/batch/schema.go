package batch

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"

	"tagifai/internal/database"
)

//go:embed migrations
var migrations embed.FS

// Schema returns the SQL that makes the tables of a sink; PostgreSQL's if to is empty.
func Schema(to string) (string, error) {
	l := Location{kind: inPostgres, schema: database.DefaultSchema}
	if to != "" {
		var err error
		if l, err = ParseLocation(to, FileFormat{}); err != nil {
			return "", err
		}
	}
	if l.kind == inFile {
		return "", fmt.Errorf("%s is a file, which has no schema", l)
	}
	var text strings.Builder
	if l.kind == inPostgres {
		fmt.Fprintf(&text, "CREATE SCHEMA IF NOT EXISTS %s;\nSET search_path TO %[1]s;\n\n", database.QuoteName(l.schema))
	}
	files, err := fs.Glob(migrations, "migrations/"+l.kind+"/*.sql")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		data, err := migrations.ReadFile(file)
		if err != nil {
			return "", err
		}
		up, _, _ := strings.Cut(string(data), "-- +goose Down")
		text.WriteString(strings.TrimSpace(strings.TrimPrefix(up, "-- +goose Up")) + "\n")
	}
	return text.String(), nil
}

// migrate makes the tables, or those that a newer version of the program has in
// addition.
func migrate(ctx context.Context, db *sql.DB, kind string, options ...goose.ProviderOption) error {
	dialect := goose.DialectPostgres
	if kind == inSQLite {
		dialect = goose.DialectSQLite3
	}
	files, err := fs.Sub(migrations, "migrations/"+kind)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("the tables were not made: %w", err)
	}
	return nil
}

// quoteTable quotes the name of a table, with its schema if it has one.
func quoteTable(name string) string {
	schema, table, found := strings.Cut(name, ".")
	if !found {
		return database.QuoteName(name)
	}
	return database.QuoteName(schema) + "." + database.QuoteName(table)
}

const predictionColumns = "source_id, model_id, text_sha256, tag, probability, probabilities, error, keep, predicted_at"

// onConflict returns what an INSERT into predictions AS p does with a row that is there:
// nothing if it is unchanged, and an update if not. distinct is the database's word for
// values that differ, and model the parameter with the id of the model. With history
// older rows of an id stay, and one that is no longer the newest becomes that.
func onConflict(history bool, distinct, model string) string {
	var update, changed []string
	for _, column := range []string{"tag", "probability", "probabilities", "error", "keep"} {
		update = append(update, column+" = excluded."+column)
		changed = append(changed, fmt.Sprintf("p.%s %s excluded.%[1]s", column, distinct))
	}
	clause := "ON CONFLICT (source_id, model_id, text_sha256) DO UPDATE SET " + strings.Join(update, ", ") +
		", predicted_at = excluded.predicted_at\nWHERE " + strings.Join(changed, " OR ")
	if history {
		clause += ` OR EXISTS (SELECT 1 FROM predictions n JOIN models m ON m.id = n.model_id
    WHERE n.source_id = p.source_id AND m.name = (SELECT name FROM models WHERE id = ` + model + `) AND n.predicted_at > p.predicted_at)`
	}
	return clause
}
