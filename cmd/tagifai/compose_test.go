package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"tagifai/internal/postgrestest"
)

// The batch of the compose file leaves predictions in PostgreSQL, and the service of the
// file answers with them. Prometheus gets the metrics by the name that it asks for.
func TestComposeServices(t *testing.T) {
	var file struct { // strictly read in .tools/deployment
		Services map[string]struct {
			Command     []string
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "../../configs/compose/compose.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	const there = "postgres://tagifai@postgres/tagifai?sslmode=disable"
	here := postgrestest.Start(t).URL
	for name, value := range file.Services["tagifai"].Environment {
		t.Setenv(name, strings.NewReplacer(there, here, ":9000", "127.0.0.1:0").Replace(value))
	}
	s := startServe(t)

	var args []string
	for _, arg := range file.Services["batch"].Command {
		args = append(args, strings.ReplaceAll(arg, there, here))
	}
	if o := tagifai(t, "id,title,description\n42,Road signs,Object detection with YOLO\n", args...); o.code != success {
		t.Fatalf("%+v", o)
	}
	get := func(addr, path, host string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if status, body := get(s.addr, "/predictions/42", ""); status != http.StatusOK || !strings.Contains(body, `"predicted_tag":"computer-vision"`) {
		t.Errorf("the prediction is a %d: %s", status, body)
	}
	if status, body := get(s.admin, "/metrics", "tagifai:9000"); status != http.StatusOK || !strings.Contains(body, "tagifai_build_info") {
		t.Errorf("the metrics are a %d: %s", status, body)
	}
	if status, _ := get(s.admin, "/metrics", "another:9000"); status != http.StatusMisdirectedRequest {
		t.Errorf("the metrics by another name are a %d", status)
	}
}
