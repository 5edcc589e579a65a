package batch

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"tagifai/internal/database"
)

// An sqliteSink writes into a database file.
type sqliteSink struct {
	job     *Job
	db      *sql.DB
	conn    *sql.Conn
	modelID int64
	many    [2]*sql.Stmt // remove and insert sqliteRowsAtOnce rows
	single  [2]*sql.Stmt // and one
	classes []string
}

// sqliteRowsAtOnce is how many rows a statement has; more would not be faster.
const sqliteRowsAtOnce = 64

func newSQLiteSink(ctx context.Context, j *Job) (s *sqliteSink, err error) {
	f, err := os.OpenFile(j.To.file, os.O_RDWR|os.O_CREATE, 0o666) // its error says more than SQLite's
	if err != nil {
		return nil, err
	}
	_ = f.Close() // nothing was written
	db, err := database.OpenSQLite(j.To.file, false, time.Minute)
	if err != nil {
		return nil, err
	}
	s = &sqliteSink{job: j, db: db, classes: j.Model.Classes()}
	defer func() {
		if err != nil {
			_ = s.Close()
			err = s.wrap(err)
		}
	}()
	if err := migrate(ctx, db, inSQLite); err != nil {
		return s, err
	}
	if s.conn, err = db.Conn(ctx); err != nil {
		return s, err
	}
	m := j.Model
	const model = `INSERT INTO models (name, version, checksum) VALUES (?, ?, ?)
ON CONFLICT (name, version, checksum) DO UPDATE SET name = excluded.name RETURNING id`
	if err := s.conn.QueryRowContext(ctx, model, m.Name, m.Version, m.Sum).Scan(&s.modelID); err != nil {
		return s, err
	}
	if s.many, err = s.prepare(ctx, sqliteRowsAtOnce); err != nil {
		return s, err
	}
	s.single, err = s.prepare(ctx, 1)
	return s, err
}

// prepare prepares the statements for some rows. The parameters of the first one are the
// id and the SHA-256 of each row; without it older rows stay.
func (s *sqliteSink) prepare(ctx context.Context, rows int) (statements [2]*sql.Stmt, err error) {
	repeat := func(row string) string { return strings.TrimSuffix(strings.Repeat(row, rows), ",") }
	model := strconv.FormatInt(s.modelID, 10)
	if !s.job.History {
		//nolint:gosec // G202: the parts are placeholders and a number
		remove := `DELETE FROM predictions WHERE (source_id, model_id, text_sha256) IN (
    SELECT p.source_id, p.model_id, p.text_sha256
    FROM (VALUES ` + repeat("(?,?),") + `) AS i CROSS JOIN predictions p ON p.source_id = i.column1
    WHERE p.model_id IN (SELECT id FROM models WHERE name = (SELECT name FROM models WHERE id = ` + model + `))
    AND NOT (p.model_id = ` + model + ` AND p.text_sha256 = i.column2))`
		if statements[0], err = s.conn.PrepareContext(ctx, remove); err != nil {
			return statements, err
		}
	}
	//nolint:gosec // G202: likewise
	insert := "INSERT INTO predictions AS p (" + predictionColumns + ") VALUES " +
		repeat("(?,"+model+",?,?,?,?,?,?,?),") + "\n" + onConflict(s.job.History, "IS NOT", model)
	statements[1], err = s.conn.PrepareContext(ctx, insert)
	return statements, err
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

// append appends a row in a form of our own, which next reads.
func (s *sqliteSink) append(dst []byte, r *result) []byte {
	null := func() { dst = append(dst, 0) }
	text := func(text string) {
		dst = append(binary.AppendUvarint(dst, uint64(len(text))+1), text...)
	}
	text(r.id)
	dst = append(dst, r.sum[:]...)
	if r.bad != "" {
		null()
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(math.NaN()))
		null()
		text(r.bad)
	} else {
		text(r.tag)
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(r.probability))
		if len(r.probabilities) > 0 {
			text(string(appendProbabilities(nil, s.classes, r.probabilities)))
		} else {
			null()
		}
		null()
	}
	if len(r.keep) > 0 {
		text(string(appendKeep(nil, s.job.Columns.Keep, r.keep)))
	} else {
		null()
	}
	return binary.AppendVarint(dst, r.at.UnixMicro())
}

// next takes a row from what append has written, and appends the parameters for it.
func (s *sqliteSink) next(rows []byte, remove, insert []any) (rest []byte, _, _ []any) {
	text := func() any {
		size, n := binary.Uvarint(rows)
		rows = rows[n:]
		if size == 0 {
			return nil
		}
		text := string(rows[:size-1])
		rows = rows[size-1:]
		return text
	}
	id := text()
	sum := rows[:sha256.Size:sha256.Size]
	rows = rows[sha256.Size:]
	tag := text()
	var probability any
	if p := math.Float64frombits(binary.LittleEndian.Uint64(rows)); !math.IsNaN(p) {
		probability = p
	}
	rows = rows[8:]
	insert = append(insert, id, sum, tag, probability, text(), text(), text())
	at, n := binary.Varint(rows)
	return rows[n:], append(remove, id, sum), append(insert, at)
}

func (s *sqliteSink) seal(rows []byte) []byte { return rows }

func (s *sqliteSink) write(ctx context.Context, results []byte, c *checkpoint) (int64, error) {
	unchanged, err := s.transaction(ctx, results, c)
	if err != nil && strings.Contains(err.Error(), "no such table") {
		err = fmt.Errorf("%w; to make the tables anew, drop goose_db_version, models, predictions and checkpoints and give the command again", err)
	}
	return unchanged, s.wrap(err)
}

func (s *sqliteSink) transaction(ctx context.Context, results []byte, c *checkpoint) (int64, error) {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var came, written int64
	for len(results) > 0 {
		var remove, insert []any
		rows := int64(0)
		for ; rows < sqliteRowsAtOnce && len(results) > 0; rows++ {
			results, remove, insert = s.next(results, remove, insert)
		}
		came += rows
		n, err := s.upsert(ctx, rows, remove, insert)
		if err != nil {
			return 0, err
		}
		written += n
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
	return came - written, tx.Commit()
}

// upsert writes some rows, all at once or one by one, in the transaction of the
// connection.
func (s *sqliteSink) upsert(ctx context.Context, rows int64, remove, insert []any) (written int64, err error) {
	statements, times := s.single, int(rows)
	if rows == sqliteRowsAtOnce {
		statements, times = s.many, 1
	}
	for i, parameters := range [][]any{remove, insert} {
		if statements[i] == nil {
			continue
		}
		for part := range slices.Chunk(parameters, len(parameters)/times) {
			n, err := affected(statements[i].ExecContext(ctx, part...))
			if err != nil {
				return 0, err
			}
			if i == 1 {
				written += n
			}
		}
	}
	return written, nil
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
	var errs []error
	for _, statement := range slices.Concat(s.many[:], s.single[:]) {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}
