package batch

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"tagifai/internal/database"
)

// An sqliteSink writes into a database file.
type sqliteSink struct {
	job     *Job
	db      *sql.DB
	conn    *sql.Conn // the table incoming is visible to one connection alone
	modelID int64
	upsert  upsert
	classes []string
}

func newSQLiteSink(ctx context.Context, j *Job) (s *sqliteSink, err error) {
	db, err := database.OpenSQLite(j.To.file, false, time.Minute)
	if err != nil {
		return nil, err
	}
	s = &sqliteSink{job: j, db: db, upsert: newUpsert(j.History, inSQLite), classes: j.Model.Classes()}
	defer func() {
		if err != nil {
			_ = s.Close()
			err = fmt.Errorf("%s: %w", j.To, err)
		}
	}()
	if err := migrate(ctx, db, inSQLite); err != nil {
		return s, err
	}
	if s.conn, err = db.Conn(ctx); err != nil {
		return s, err
	}
	const incoming = `CREATE TEMP TABLE incoming (source_id TEXT, text_sha256 BLOB, tag TEXT, probability REAL,
    probabilities TEXT, error TEXT, keep TEXT, predicted_at INTEGER)`
	if _, err := s.conn.ExecContext(ctx, incoming); err != nil {
		return s, err
	}
	m := j.Model
	const model = `INSERT INTO models (name, version, checksum) VALUES (?, ?, ?)
ON CONFLICT (name, version, checksum) DO UPDATE SET name = excluded.name RETURNING id`
	return s, s.conn.QueryRowContext(ctx, model, m.Name, m.Version, m.Sum).Scan(&s.modelID)
}

func (s *sqliteSink) start(ctx context.Context, job string, resume bool) (*checkpoint, error) {
	if !resume {
		_, err := s.conn.ExecContext(ctx, "DELETE FROM checkpoints WHERE job = ?", job)
		return nil, s.wrap(err)
	}
	var text string
	err := s.conn.QueryRowContext(ctx, "SELECT checkpoint FROM checkpoints WHERE job = ?", job).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	var c checkpoint
	return &c, s.wrap(json.Unmarshal([]byte(text), &c))
}

func (s *sqliteSink) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.job.To, err)
}

// append appends a JSON array, and a comma.
func (s *sqliteSink) append(dst []byte, r *result) []byte {
	dst = append(dst, '[')
	dst = append(appendQuote(dst, r.id), ',')
	dst = append(hex.AppendEncode(append(dst, '"'), r.sum[:]), `",`...)
	if r.bad != "" {
		dst = append(dst, "null,null,null,"...)
		dst = append(appendQuote(dst, r.bad), ',')
	} else {
		dst = append(appendQuote(dst, r.tag), ',')
		dst = append(appendProbability(dst, r.probability, "null"), ',')
		if len(r.probabilities) > 0 {
			dst = appendQuote(dst, string(appendProbabilities(nil, s.classes, r.probabilities)))
		} else {
			dst = append(dst, "null"...)
		}
		dst = append(dst, ",null,"...)
	}
	if len(r.keep) > 0 {
		dst = appendQuote(dst, string(appendKeep(nil, s.job.Columns.Keep, r.keep)))
	} else {
		dst = append(dst, "null"...)
	}
	dst = strconv.AppendInt(append(dst, ','), r.at.UnixMicro(), 10)
	return append(dst, "],"...)
}

// appendKeep appends the columns that go along as a JSON object.
func appendKeep(dst []byte, names []string, values []value) []byte {
	for i, v := range values {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		dst = append(appendQuote(append(dst, separator), names[i]), ':')
		dst = appendValue(dst, v)
	}
	return append(dst, '}')
}

func (s *sqliteSink) seal(rows []byte) []byte {
	if len(rows) == 0 {
		return nil
	}
	rows = append([]byte{'['}, rows...)
	rows[len(rows)-1] = ']'
	return rows
}

func (s *sqliteSink) write(ctx context.Context, results []byte, c *checkpoint) (int64, error) {
	unchanged, err := s.transaction(ctx, results, c)
	return unchanged, s.wrap(err)
}

func (s *sqliteSink) transaction(ctx context.Context, results []byte, c *checkpoint) (int64, error) {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var unchanged int64
	if len(results) > 0 {
		const incoming = `INSERT INTO incoming SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3,
    value ->> 4, value ->> 5, value ->> 6, value ->> 7 FROM json_each(?)`
		if _, err := tx.ExecContext(ctx, "DELETE FROM incoming"); err != nil {
			return 0, err
		}
		came, err := affected(tx.ExecContext(ctx, incoming, string(results)))
		if err != nil {
			return 0, err
		}
		if s.upsert.remove != "" {
			if _, err := tx.ExecContext(ctx, s.upsert.remove, s.modelID, s.job.Model.Name); err != nil {
				return 0, err
			}
		}
		written, err := affected(tx.ExecContext(ctx, s.upsert.insert, s.modelID))
		if err != nil {
			return 0, err
		}
		unchanged = came - written
	}
	if c.Job != "" {
		text, err := json.Marshal(c, json.Deterministic(true))
		if err != nil {
			return 0, err
		}
		const save = "INSERT INTO checkpoints VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET checkpoint = excluded.checkpoint"
		if _, err := tx.ExecContext(ctx, save, c.Job, string(text)); err != nil {
			return 0, err
		}
	}
	return unchanged, tx.Commit()
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *sqliteSink) finish(ctx context.Context, c *checkpoint) error {
	_, err := s.conn.ExecContext(ctx, "DELETE FROM checkpoints WHERE job = ?", c.Job)
	return s.wrap(err)
}

func (s *sqliteSink) upserts() bool { return true }

func (s *sqliteSink) Close() error {
	var err error
	if s.conn != nil {
		err = s.conn.Close()
	}
	return errors.Join(err, s.db.Close())
}
