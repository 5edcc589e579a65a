package batch

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience is how long a run waits for a database that is away.
const patience = 10 * time.Minute

// patiently calls f until it does not fail because the database is away.
func patiently(ctx context.Context, w Watcher, f func() error) error {
	var since time.Time
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := f()
		if err == nil || !away(err) || ctx.Err() != nil {
			return err
		}
		if since.IsZero() {
			since = time.Now()
			w.Waiting(err)
		} else if time.Since(since) > patience {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// away reports whether an error says that the connection or the server is gone, or that
// another transaction was in the way, rather than that something is wrong.
func away(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	switch c := code(err); {
	case c == "":
		// Connections break in many ways. What fails before anything is sent is no such.
		_, ours := errors.AsType[*pgconn.ParseConfigError](err)
		return !ours
	case len(c) == 5:
		switch c[:2] {
		case "08", "40", "57": // connection, deadlock, shutdown
			return c != "57014" && c != "57P04" // a statement took too long, the database was dropped
		}
		return c == "53300" // too many connections
	}
	return false
}

// code returns the SQLSTATE of an error, "" if it has none.
func code(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}
