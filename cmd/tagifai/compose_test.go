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
	for _, c := range []struct {
		addr, path, host string
		status           int
		want             string
	}{
		{s.addr, "/predictions/42", "", http.StatusOK, `"predicted_tag":"computer-vision"`},
		{s.admin, "/metrics", "tagifai:9000", http.StatusOK, "tagifai_build_info"},
		{s.admin, "/metrics", "another:9000", http.StatusMisdirectedRequest, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.addr+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = c.host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s of %q: %d %s %v", c.path, c.host, response.StatusCode, body, err)
		}
	}
}
