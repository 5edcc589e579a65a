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

// upsert are the statements that move what is in the table incoming to predictions.
// Parameters: the id of the model; of remove and of the second one of insert, its name.
type upsert struct{ remove, insert string }

// newUpsert returns the statements in the words that both databases have. With history
// nothing is removed, and a row that is no longer the newest of its id becomes that.
func newUpsert(history bool, kind string) upsert {
	distinct := "IS DISTINCT FROM"
	if kind == inSQLite {
		distinct = "IS NOT"
	}
	const columns = "source_id, model_id, text_sha256, tag, probability, probabilities, error, keep, predicted_at"
	changed := "(p.tag " + distinct + " excluded.tag OR p.probability " + distinct + " excluded.probability OR p.probabilities " + distinct +
		" excluded.probabilities OR p.error " + distinct + " excluded.error OR p.keep " + distinct + " excluded.keep)"
	u := upsert{
		// The planner, which does not know how large the tables are, must look up every row
		// in the primary key: OFFSET 0 leaves it no choice.
		remove: `DELETE FROM predictions WHERE ctid = ANY (ARRAY(
    SELECT q.at FROM incoming i CROSS JOIN LATERAL (
        SELECT p.ctid AS at, p.model_id, p.text_sha256 FROM predictions p WHERE p.source_id = i.source_id OFFSET 0) q
    WHERE q.model_id IN (SELECT id FROM models WHERE name = $2) AND NOT (q.model_id = $1 AND q.text_sha256 = i.text_sha256)))`,
		insert: `INSERT INTO predictions AS p (` + columns + `)
SELECT source_id, CAST($1 AS integer), text_sha256, tag, probability, probabilities, error, keep, predicted_at FROM incoming WHERE true
ON CONFLICT (source_id, model_id, text_sha256) DO UPDATE SET
    tag = excluded.tag, probability = excluded.probability, probabilities = excluded.probabilities,
    error = excluded.error, keep = excluded.keep, predicted_at = excluded.predicted_at
WHERE ` + changed,
	}
	if kind == inSQLite { // which has neither
		u.remove = `DELETE FROM predictions WHERE (source_id, model_id, text_sha256) IN (
    SELECT p.source_id, p.model_id, p.text_sha256
    FROM incoming i JOIN predictions p ON p.source_id = i.source_id JOIN models m ON m.id = p.model_id
    WHERE m.name = $2 AND NOT (p.model_id = $1 AND p.text_sha256 = i.text_sha256))`
	}
	if history {
		u.remove = ""
		u.insert += ` OR EXISTS (SELECT 1 FROM predictions n JOIN models m ON m.id = n.model_id
    WHERE n.source_id = p.source_id AND m.name = (SELECT name FROM models WHERE id = $1) AND n.predicted_at > p.predicted_at)`
	}
	return u
}
