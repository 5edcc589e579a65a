package batch_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"tagifai/internal/binarytest"
)

// The commands of the pods of the Kubernetes Job, given what Kubernetes gives them,
// leave in PostgreSQL what one process leaves.
func TestKubernetesJob(t *testing.T) {
	data, err := os.ReadFile("../../configs/kubernetes/overlays/batch/job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job struct { // strictly decoded in .tools/deployment
		Spec struct {
			Completions int
			Template    struct {
				Spec struct {
					Containers []struct {
						Args []string
						Env  []struct{ Name string }
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &job); err != nil {
		t.Fatal(err)
	}
	container := job.Spec.Template.Spec.Containers[0]

	binary := binarytest.Path(t)
	dsn, _ := postgres(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const rows = 3_000
	if _, err := db.Exec(fmt.Sprintf(`CREATE TABLE projects AS SELECT id, 'Image ' || id AS title,
CASE WHEN id %% 3 > 0 THEN 'segmentation' END AS description, now() AS created FROM generate_series(1, %d) AS id`, rows)); err != nil {
		t.Fatal(err)
	}

	// The pods have to show a password.
	var access string
	if err := db.QueryRow("SHOW hba_file").Scan(&access); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(access, []byte("host all pod 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"DROP ROLE IF EXISTS pod", "CREATE ROLE pod LOGIN SUPERUSER PASSWORD 'from the Secret'", "SELECT pg_reload_conf()"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"DSN": strings.Replace(dsn, "postgres@", "pod@", 1), "PGPASSWORD": "from the Secret"}
	for _, v := range container.Env {
		if _, ok := env[v.Name]; !ok {
			t.Errorf("the test has no value for the variable %s", v.Name)
		}
	}
	run := func(index int, more ...string) {
		t.Helper()
		expand := []string{"$(JOB_COMPLETION_INDEX)", fmt.Sprint(index)}
		environ := []string{"PATH=" + filepath.Dir(binary)}
		for _, v := range container.Env {
			expand = append(expand, "$("+v.Name+")", env[v.Name])
			environ = append(environ, v.Name+"="+env[v.Name])
		}
		var args []string
		for _, arg := range container.Args {
			args = append(args, strings.NewReplacer(expand...).Replace(arg))
		}
		cmd := exec.Command(binary, append(args, more...)...)
		cmd.Env = environ
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%q: %v: %s", cmd.Args, err, out)
		}
	}
	for index := range job.Spec.Completions {
		run(index)
	}
	got := tableRows(t, "pgx", dsn, "tagifai.results")
	if _, err := db.Exec("DROP SCHEMA tagifai CASCADE"); err != nil {
		t.Fatal(err)
	}
	run(0, "--shard=0/1") // the last of two counts
	want := tableRows(t, "pgx", dsn, "tagifai.results")
	if len(want) != rows || !slices.Equal(got, want) {
		t.Errorf("the Job left %d rows, one process %d, or others; want the same %d", len(got), len(want), rows)
	}
}
