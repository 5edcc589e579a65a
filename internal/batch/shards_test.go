package batch_test

import (
	"bytes"
	"database/sql"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"tagifai/internal/binarytest"
)

// Two shards in two processes, one of them killed and started again, leave the table that
// one process leaves.
func TestShards(t *testing.T) {
	const rows = 30_000
	binary := binarytest.Path(t)
	dsn, _ := postgres(t)
	source := sourceFile(t, rows)
	start := func(schema, shard string) (*exec.Cmd, *bytes.Buffer) {
		t.Helper()
		var stderr bytes.Buffer
		cmd := exec.Command(binary, "batch", "--from", source, "--id", "id", "--keep", "extra", "--to", dsn+"&schema="+schema, "--shard", shard)
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() }) // of one that is still there
		return cmd, &stderr
	}
	end := func(cmd *exec.Cmd, stderr *bytes.Buffer) {
		t.Helper()
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// await waits until shards of the schema sharded have checkpoints.
	await := func(checkpoints int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			var n int
			if err := db.QueryRow("SELECT count(*) FROM sharded.checkpoints").Scan(&n); err == nil && n == checkpoints {
				return
			}
		}
		t.Fatalf("there were never %d checkpoints", checkpoints)
	}

	end(start("whole", "0/1"))
	want := tableRows(t, "pgx", dsn, "whole.results")
	if len(want) != rows-rows/1000 {
		t.Fatalf("one process left %d rows", len(want))
	}

	victim, _ := start("sharded", "1/2")
	await(1)
	if err := victim.Process.Signal(syscall.SIGSTOP); err != nil { // it shall not end before the other begins
		t.Fatal(err)
	}
	other, stderr := start("sharded", "0/2")
	await(2)
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := victim.Wait(); err == nil {
		t.Fatal("the shard ended before it was killed")
	}
	again, stderrAgain := start("sharded", "1/2")
	end(other, stderr)
	end(again, stderrAgain)
	if bytes.Contains(stderrAgain.Bytes(), []byte(`"resumed":0,`)) {
		t.Errorf("the killed shard began anew: %s", stderrAgain)
	}
	if got := tableRows(t, "pgx", dsn, "sharded.results"); !slices.Equal(got, want) {
		t.Errorf("two shards left %d rows, one process %d, or others", len(got), len(want))
	}
}
