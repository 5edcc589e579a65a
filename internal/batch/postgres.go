package batch

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"tagifai/internal/database"
)

// connectPostgres connects, and sets the search path to the schema if it is not empty.
func connectPostgres(ctx context.Context, l Location, schema string) (*pgx.Conn, error) {
	config, err := database.PostgresConfig(l.address, schema)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, config)
}

// A postgresSink writes into a schema of a PostgreSQL database.
type postgresSink struct {
	job     *Job
	conn    *pgx.Conn // nil if the database is away
	modelID int64
	insert  string // what is in the table incoming, into predictions
	classes []string
	watcher Watcher
}

func newPostgresSink(ctx context.Context, j *Job, w Watcher) (s *postgresSink, err error) {
	s = &postgresSink{job: j, insert: insertIncoming + onConflict(j.History, "IS DISTINCT FROM", "$1"), classes: j.Model.Classes(), watcher: w}
	if err := s.migrate(ctx); err != nil {
		return nil, s.wrap(err)
	}
	if err := s.connect(ctx); err != nil {
		return nil, s.wrap(err)
	}
	return s, nil
}

// Parameters: the id of the model, and its name.
const (
	// The planner, which does not know how large the tables are, must look up every row
	// in the primary key: OFFSET 0 leaves it no choice.
	removeOlder = `DELETE FROM predictions WHERE ctid = ANY (ARRAY(
    SELECT q.at FROM incoming i CROSS JOIN LATERAL (
        SELECT p.ctid AS at, p.model_id, p.text_sha256 FROM predictions p WHERE p.source_id = i.source_id OFFSET 0) q
    WHERE q.model_id IN (SELECT id FROM models WHERE name = $2) AND NOT (q.model_id = $1 AND q.text_sha256 = i.text_sha256)))`
	insertIncoming = `INSERT INTO predictions AS p (` + predictionColumns + `)
SELECT source_id, CAST($1 AS integer), text_sha256, tag, probability, probabilities, error, keep, predicted_at FROM incoming
`
)

func (s *postgresSink) migrate(ctx context.Context) error {
	config, err := database.PostgresConfig(s.job.To.address, s.job.To.schema)
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	var exists bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", s.job.To.schema).Scan(&exists); err != nil {
		return err
	}
	if !exists { // which may need a right that whoever made the schema does not need to have given us
		if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+database.QuoteName(s.job.To.schema)); err != nil {
			if code(err) != "23505" { // another shard made it at the same time
				return err
			}
		}
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	return migrate(ctx, db, inPostgres, goose.WithSessionLocker(locker))
}

// connect makes a connection fit for write.
func (s *postgresSink) connect(ctx context.Context) error {
	conn, err := connectPostgres(ctx, s.job.To, s.job.To.schema)
	if err != nil {
		return err
	}
	s.conn = conn
	// Compiling the statements would take longer than they do.
	const prepare = `SET jit = off;
CREATE TEMP TABLE incoming (source_id text, text_sha256 bytea, tag text, probability double precision,
    probabilities jsonb, error text, keep jsonb, predicted_at timestamptz) ON COMMIT DELETE ROWS`
	if _, err := conn.Exec(ctx, prepare); err != nil {
		return err
	}
	m := s.job.Model
	const model = `INSERT INTO models (name, version, checksum) VALUES ($1, $2, $3)
ON CONFLICT (name, version, checksum) DO UPDATE SET name = excluded.name RETURNING id`
	return conn.QueryRow(ctx, model, m.Name, m.Version, m.Sum).Scan(&s.modelID)
}

func (s *postgresSink) wrap(err error) error {
	return wrapPostgres(s.job.To, err)
}

// wrapPostgres adds the location to an error, and makes a line of its lines.
func wrapPostgres(l Location, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %s", l, strings.Join(strings.Fields(err.Error()), " "))
}

func (s *postgresSink) start(ctx context.Context, job string, resume bool) (*checkpoint, error) {
	if !resume {
		_, err := s.conn.Exec(ctx, "DELETE FROM checkpoints WHERE job = $1", job)
		return nil, s.wrap(err)
	}
	var text string
	err := s.conn.QueryRow(ctx, "SELECT checkpoint::text FROM checkpoints WHERE job = $1", job).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	var c checkpoint
	return &c, s.wrap(json.Unmarshal([]byte(text), &c))
}

// append appends a line of COPY's text format.
func (s *postgresSink) append(dst []byte, r *result) []byte {
	dst = append(appendCopy(dst, r.id), '\t')
	dst = append(hex.AppendEncode(append(dst, `\\x`...), r.sum[:]), '\t')
	if r.bad != "" {
		dst = append(appendCopy(append(dst, "\\N\t\\N\t\\N\t"...), r.bad), '\t')
	} else {
		dst = append(appendCopy(dst, r.tag), '\t')
		dst = append(appendProbability(dst, r.probability, `\N`), '\t')
		if len(r.probabilities) > 0 {
			dst = appendCopy(dst, string(appendProbabilities(nil, s.classes, r.probabilities)))
		} else {
			dst = append(dst, `\N`...)
		}
		dst = append(dst, "\t\\N\t"...)
	}
	if len(r.keep) > 0 {
		dst = appendCopy(dst, string(appendKeep(nil, s.job.Columns.Keep, r.keep)))
	} else {
		dst = append(dst, `\N`...)
	}
	dst = r.at.AppendFormat(append(dst, '\t'), timeFormat)
	return append(dst, '\n')
}

// appendCopy appends a text as COPY wants it.
func appendCopy(dst []byte, text string) []byte {
	for i := range len(text) {
		switch b := text[i]; b {
		case '\\':
			dst = append(dst, `\\`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, b)
		}
	}
	return dst
}

func (s *postgresSink) seal(rows []byte) []byte { return rows }

// write writes in one transaction, and does so again while the database is away: what is
// written twice is there once.
func (s *postgresSink) write(ctx context.Context, results []byte, c *checkpoint) (unchanged int64, err error) {
	err = patiently(ctx, s.watcher, func() error {
		if s.conn == nil || s.conn.IsClosed() {
			if err := s.connect(ctx); err != nil {
				s.drop()
				return err
			}
		}
		unchanged, err = s.transaction(ctx, results, c)
		return err
	})
	if code(err) == "42P01" { // no such table
		err = fmt.Errorf("%w; to make the tables anew, drop the whole schema %s and give the command again", err, s.job.To.schema)
	}
	return unchanged, s.wrap(err)
}

func (s *postgresSink) transaction(ctx context.Context, results []byte, c *checkpoint) (unchanged int64, err error) {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after a commit there is nothing to roll back
	var statements pgx.Batch
	if len(results) > 0 {
		came, err := s.conn.PgConn().CopyFrom(ctx, bytes.NewReader(results), "COPY incoming FROM STDIN")
		if err != nil {
			return 0, err
		}
		if !s.job.History {
			statements.Queue(removeOlder, s.modelID, s.job.Model.Name)
		}
		statements.Queue(s.insert, s.modelID).Exec(func(written pgconn.CommandTag) error {
			unchanged = came.RowsAffected() - written.RowsAffected()
			return nil
		})
	}
	if c.Job != "" {
		text, err := json.Marshal(c, json.Deterministic(true))
		if err != nil {
			return 0, err
		}
		statements.Queue("INSERT INTO checkpoints VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET checkpoint = excluded.checkpoint", c.Job, string(text))
	}
	if err := tx.SendBatch(ctx, &statements).Close(); err != nil {
		return 0, err
	}
	return unchanged, tx.Commit(ctx)
}

func (s *postgresSink) finish(ctx context.Context, c *checkpoint) error {
	return s.wrap(patiently(ctx, s.watcher, func() error {
		if s.conn == nil || s.conn.IsClosed() {
			if err := s.connect(ctx); err != nil {
				s.drop()
				return err
			}
		}
		_, err := s.conn.Exec(ctx, "DELETE FROM checkpoints WHERE job = $1", c.Job)
		return err
	}))
}

func (s *postgresSink) upserts() bool { return true }

// drop gives the connection up, if there is one.
func (s *postgresSink) drop() {
	if s.conn != nil {
		closePostgres(s.conn)
		s.conn = nil
	}
}

func closePostgres(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // a server that is away cannot be told
}

func (s *postgresSink) Close() error {
	s.drop()
	return nil
}
