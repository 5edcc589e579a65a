package batch_test

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tagifai/internal/binarytest"
)

// spark returns a Python that has pyspark.
func spark(t *testing.T) string {
	t.Helper()
	python := cmp.Or(os.Getenv("PYSPARK_PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import pyspark, pyarrow, pandas").CombinedOutput(); err != nil {
		t.Skipf("%s has no pyspark (%v: %s); PYSPARK_PYTHON names another, made by: python3 -m venv v && v/bin/pip install pyspark pyarrow pandas", python, err, lastLine(out))
	}
	if _, err := exec.LookPath("java"); err != nil && os.Getenv("JAVA_HOME") == "" {
		t.Skipf("Spark needs Java: %v", err)
	}
	return python
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// The script for Spark does what it says: testdata/spark_test.py asks it.
func TestSpark(t *testing.T) {
	python := spark(t)
	out, err := exec.Command(python, "testdata/spark_test.py", binarytest.Path(t), "../../configs/spark/score.py").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if !strings.HasPrefix(lastLine(out), "OK") {
		t.Errorf("no test has run: %s", out)
	}
}

// The command line of configs/spark/score.py, by spark-submit: a table becomes one with
// the same columns and tags, and tagifai's own words say why there is none.
func TestSparkSubmit(t *testing.T) {
	python := spark(t)
	binary := binarytest.Path(t)
	dir := t.TempDir()
	source := filepath.Join(dir, "in.jsonl")
	if err := os.WriteFile(source, []byte(`{"id":7,"title":"Image","description":"segmentation"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	home, err := exec.Command(python, "-m", "pyspark.find_spark_home").Output()
	if err != nil {
		t.Fatal(err)
	}
	submit := func(to string, more ...string) ([]byte, error) {
		args := append([]string{
			"--master", "local[1]", "--conf", "spark.ui.enabled=false", "--files", binary,
			"../../configs/spark/score.py", "--format", "json", "--from", source, "--to", to, "--text", "title,description",
		}, more...)
		cmd := exec.Command(filepath.Join(strings.TrimSpace(string(home)), "bin", "spark-submit"), args...)
		cmd.Env = append(os.Environ(), "PYSPARK_PYTHON="+python)
		return cmd.CombinedOutput()
	}

	to := filepath.Join(dir, "out")
	if out, err := submit(to); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(to, "*.json"))
	if len(files) != 1 {
		t.Fatalf("there are %d files", len(files))
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID                      int
		Title, Description, Tag string
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if got.ID != 7 || got.Title != "Image" || got.Description != "segmentation" || got.Tag != "computer-vision" {
		t.Errorf("got %s", data)
	}

	const missing = "/nowhere/model"
	if out, err := submit(filepath.Join(dir, "none"), "--model", missing); err == nil || !strings.Contains(string(out), "ended with exit code 1: tagifai: ") {
		t.Errorf("without its model the job ends with %v and does not say why: %s", err, out)
	}
}
