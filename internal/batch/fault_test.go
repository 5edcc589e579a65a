package batch_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/batch"
	"tagifai/internal/binarytest"
)

// The tables that the printed schema makes are those that a run makes, and a run needs no
// right to make any.
func TestSchema(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db := sqliteDatabase(t)
		schema, err := batch.Schema(db.location)
		if err != nil {
			t.Fatal(err)
		}
		db.exec(t, schema)
		mustRun(t, newJob(t, sourceFile(t, 100), db.location))
		if rows := tableRows(t, db.driver, db.dsn, db.view); len(rows) != 99 {
			t.Errorf("%d rows, want 99", len(rows))
		}
	})
	t.Run("postgres", func(t *testing.T) {
		dsn, _ := postgres(t)
		db := openDatabase(t, "pgx", dsn, dsn, "tagifai.results")
		schema, err := batch.Schema("")
		if err != nil {
			t.Fatal(err)
		}
		db.exec(t, schema)
		db.exec(t, `DROP ROLE IF EXISTS writer, stranger; CREATE ROLE writer LOGIN; GRANT USAGE ON SCHEMA tagifai TO writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tagifai TO writer;
CREATE ROLE stranger LOGIN; GRANT USAGE ON SCHEMA tagifai TO stranger`)
		source := sourceFile(t, 100)
		mustRun(t, newJob(t, source, strings.Replace(dsn, "postgres@", "writer@", 1)))
		if rows := tableRows(t, db.driver, db.dsn, db.view); len(rows) != 99 {
			t.Errorf("%d rows, want 99", len(rows))
		}
		_, err = batch.Run(t.Context(), newJob(t, source, strings.Replace(dsn, "postgres@", "stranger@", 1)), watcher{})
		if err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("got %v, want that there is no permission", err)
		}
	})
}

// A table that is dropped under a run ends it. Made anew, it gets all rows.
func TestTableDropped(t *testing.T) {
	source := sourceFile(t, 10_000)
	eachDatabase(t, func(t *testing.T, db database) {
		mustRun(t, newJob(t, source, db.location))
		want := tableRows(t, db.driver, db.dsn, db.view)
		db.exec(t, "DELETE FROM "+strings.TrimSuffix(db.view, "results")+"predictions")
		drop := "DROP VIEW results; DROP TABLE predictions; DROP TABLE models; DROP TABLE checkpoints; DROP TABLE goose_db_version"
		if db.driver == "pgx" {
			drop = "DROP SCHEMA tagifai CASCADE"
		}
		dropped := false
		w := watcher{status: func(batch.Status) {
			if !dropped {
				dropped = true
				db.exec(t, drop)
			}
		}}
		_, err := batch.Run(t.Context(), newJob(t, source, db.location), w)
		if err == nil || !strings.Contains(err.Error(), "predictions") || !strings.Contains(err.Error(), "give the command again") {
			t.Errorf("got %v, want an error that names the table and says what to do", err)
		}
		mustRun(t, newJob(t, source, db.location))
		if got := tableRows(t, db.driver, db.dsn, db.view); !slices.Equal(got, want) {
			t.Errorf("%d rows, want the same %d as before", len(got), len(want))
		}
	})
}

// A run that has too many errors has them when it is started again as well.
func TestMaxErrors(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	source := sourceFile(t, 10_000) // 20 rows are bad
	job := func(most int64) *batch.Job {
		j := newJob(t, source, out)
		j.MaxErrors = most
		return j
	}
	for _, c := range []struct {
		name string
		most int64
		want string
	}{
		{"19", 19, "20 rows have errors, and --max-errors is 19"},
		{"19 again", 19, "20 rows have errors, and --max-errors is 19"},
		{"20", 20, ""},
		{"none", 0, "have errors, and --max-errors is 0"},
		{"any", -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := batch.Run(t.Context(), job(c.most), watcher{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// What cannot be connected to is an error at once, in a line that has no password.
func TestPassword(t *testing.T) {
	for _, c := range []struct{ name, location, want string }{
		{"nobody there", "postgres://me:secret@127.0.0.1:1/db", "postgres://127.0.0.1:1/db"},
		{"as an option", "postgres://127.0.0.1:1/db?user=me&password=secret", "postgres://127.0.0.1:1/db"},
		{"an option that is wrong", "postgres://me:secret@127.0.0.1:1/db?sslmode=perhaps", "sslmode"},
		{"a port that is wrong", "postgres://me:secret@127.0.0.1:port/db", "is not a URL"},
		{"an escape that is wrong", "postgres://me:se%cret@127.0.0.1/db", "is not a URL"},
		{"no certificate", "postgres://me:secret@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/nowhere.pem", "/nowhere.pem"},
		{"another database", "mysql://me:secret@127.0.0.1/db", "mysql://"},
		{"keywords and values", "host=127.0.0.1 user=me password=secret", "postgres://USER@HOST/DATABASE"},
		{"a table and a query", "postgres://me:secret@127.0.0.1:1/db?table=a&query=b", "not both"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to, err := batch.ParseLocation(c.location, batch.FileFormat{})
			if err == nil {
				j := newJob(t, sourceFile(t, 1), "out.csv")
				j.To = to
				_, err = batch.Run(t.Context(), j, watcher{})
			}
			if err == nil || strings.Contains(err.Error(), "cret") || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a line with %q and no password", err, c.want)
			}
		})
	}
}

// certify makes a certificate authority and a certificate for 127.0.0.1 in dir.
func certify(t *testing.T, dir string) {
	t.Helper()
	write := func(name, kind string, der []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write("ca.pem", "CERTIFICATE", caDER)
	write("server.pem", "CERTIFICATE", serverDER)
	write("server.key", "PRIVATE KEY", keyDER)
}

// A connection that is to be verified is refused unless the server's certificate comes
// from the authority that is named, or one of the system's.
func TestTLS(t *testing.T) {
	binary := binarytest.Path(t)
	dsn, restart := postgres(t)
	dir, err := os.MkdirTemp("/tmp", "tagifai-tls-") //nolint:usetesting // the server must get to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	certify(t, dir)
	if os.Getuid() == 0 {
		if out, err := exec.Command("chown", "-R", "postgres", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	restart("-c ssl=on", "-c ssl_cert_file="+filepath.Join(dir, "server.pem"), "-c ssl_key_file="+filepath.Join(dir, "server.key"))
	source, ca, empty := sourceFile(t, 10), filepath.Join(dir, "ca.pem"), t.TempDir()
	for _, c := range []struct{ name, options, roots, want string }{
		{"not encrypted", "sslmode=disable", "/dev/null", ""},
		{"not verified", "sslmode=require", "/dev/null", ""},
		{"authority of the address", "sslmode=verify-full&sslrootcert=" + ca, "/dev/null", ""},
		{"authority of the system", "sslmode=verify-full", ca, ""},
		{"no such authority", "sslmode=verify-full", "/dev/null", "certificate signed by unknown authority"},
		{"another name", "sslmode=verify-full&sslrootcert=" + ca, "/dev/null", "wanted to match localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := strings.Replace(dsn, "sslmode=disable", c.options, 1)
			if c.name == "another name" {
				to = strings.Replace(to, "127.0.0.1", "localhost", 1)
			}
			cmd := exec.Command(binary, "batch", "--from", source, "--id", "id", "--to", to)
			cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+c.roots, "SSL_CERT_DIR="+empty)
			out, err := cmd.CombinedOutput()
			if c.want == "" {
				if err != nil {
					t.Errorf("%v: %s", err, out)
				}
				return
			}
			if err == nil || !bytes.Contains(out, []byte(c.want)) {
				t.Errorf("got %v: %s, want %q", err, out, c.want)
			}
		})
	}
}

// The C library that is linked must be the one that the driver was made with.
func TestLibcOfSQLite(t *testing.T) {
	list := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("go", append([]string{"list", "-m"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	data, err := os.ReadFile(list("-f", "{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "modernc.org/libc" {
			want = fields[1]
		}
	}
	if diff := cmp.Diff(list("-f", "{{.Version}}", "modernc.org/libc"), want); diff != "" {
		t.Errorf("go.mod has another modernc.org/libc than modernc.org/sqlite needs: %s", diff)
	}
}

// A run that waits for a database that stays away can be interrupted.
func TestInterruptedWhileWaiting(t *testing.T) {
	dsn, _ := postgres(t)
	db := openDatabase(t, "pgx", dsn, dsn, "tagifai.results")
	// The limit of connections does not hold for superusers.
	db.exec(t, `DROP ROLE IF EXISTS visitor; CREATE ROLE visitor LOGIN`)
	alter := func(format string) { // %I is the database
		db.exec(t, `DO $$ BEGIN EXECUTE format('`+format+`', current_database()); END $$`)
	}
	alter("GRANT CREATE ON DATABASE %I TO visitor")
	ctx, stop := context.WithCancel(t.Context())
	refused := false
	w := watcher{
		status: func(batch.Status) {
			if refused {
				return
			}
			refused = true
			alter("ALTER DATABASE %I CONNECTION LIMIT 0")
			db.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tagifai'`)
		},
		waiting: func(error) { stop() },
	}
	start := time.Now()
	_, err := batch.Run(ctx, newJob(t, sourceFile(t, 10_000), strings.Replace(dsn, "postgres@", "visitor@", 1)), w)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}
