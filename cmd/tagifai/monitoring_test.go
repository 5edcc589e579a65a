package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const monitoringConfigs = "../../configs"

// lookPath returns the path of a program of Prometheus, or skips the test.
func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s: install Debian's package prometheus", name)
	}
	return path
}

// The alerts are raised when they should be, and not otherwise. Prometheus takes the
// configuration.
func TestAlertRules(t *testing.T) {
	promtool := lookPath(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml"}, {"check", "config", "prometheus.yml"}} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = filepath.Join(monitoringConfigs, "prometheus")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// A watcher is a Prometheus that watches a service.
type watcher struct{ url string }

// query returns the number of series that an expression has.
func (p watcher) query(expr string) (int, error) {
	response, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []any }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, err
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("%s", answer.Error)
	}
	return len(answer.Data.Result), nil
}

// watchService starts a Prometheus with our configuration that asks a service each second.
func watchService(t *testing.T, addr string) watcher {
	t.Helper()
	program := lookPath(t, "prometheus")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	// The configuration is that of a directory with the rules.
	rules := write(t, "rules.yml", readFile(t, monitoringConfigs, "prometheus", "rules.yml"))
	config := filepath.Join(filepath.Dir(rules), "prometheus.yml")
	text := strings.NewReplacer("tagifai:9000", addr, "15s", "1s").Replace(readFile(t, monitoringConfigs, "prometheus", "prometheus.yml"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "--config.file="+config, "--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+listen)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus:\n%s", log.String())
		}
	})
	return watcher{"http://" + listen}
}

// Each query of the dashboard has an answer from a Prometheus that watches a service.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, monitoringConfigs, "grafana", "tagifai.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	inDashboard := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*", "$model", ".*")
	for _, panel := range dashboard.Panels {
		for i, target := range panel.Targets {
			queries[fmt.Sprintf("%s, %d", panel.Title, i)] = inDashboard.Replace(target.Expr)
		}
	}
	for _, variable := range dashboard.Templating.List {
		if of, ok := strings.CutPrefix(variable.Definition, "label_values("); ok {
			queries["variable "+variable.Name] = inDashboard.Replace(of[:strings.LastIndex(of, ",")])
		}
	}
	if len(queries) < 20 {
		t.Fatalf("the dashboard has %d queries", len(queries))
	}
	lookPath(t, "prometheus")
	s := startServe(t, "--model", trained(t, object{"folds": 2}))
	watch := watchService(t, s.addr)
	deadline := time.Now().Add(30 * time.Second)
	for len(queries) > 0 && time.Now().Before(deadline) {
		response, err := http.Post("http://"+s.addr+"/predict", "application/json", strings.NewReader(`{"texts":[{"text":"Image segmentation with CNNs"},{"text":"Soup with salt"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		time.Sleep(200 * time.Millisecond)
		for name, expr := range queries {
			if n, err := watch.query(expr); err == nil && n > 0 {
				delete(queries, name)
			}
		}
	}
	for name, expr := range queries {
		n, err := watch.query(expr)
		t.Errorf("%s: %d series, %v: %s", name, n, err, expr)
	}
}
