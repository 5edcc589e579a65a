//go:build !race

package main

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
)

// The bill names the modules that are linked into the binary, and those whose files it has,
// each with a licence, and no others.
func TestBill(t *testing.T) {
	r := release{root: "../../..", version: "v1.2.3"}
	tool := exec.Command("go", "tool", "-modfile=.tools/go.mod", "-n", "cyclonedx-gomod")
	tool.Dir, tool.Env = r.root, append(tool.Environ(), "GOPROXY=off")
	if out, err := tool.CombinedOutput(); err != nil {
		t.Skipf("cyclonedx-gomod is not in the module cache, where make dist puts it: %.200s", out)
	}
	s := system{runtime.GOOS, runtime.GOARCH}
	dir := t.TempDir()
	binary, file := filepath.Join(dir, "tagifai"), filepath.Join(dir, "bill.json")
	if err := r.build(t.Context(), s, binary); err != nil {
		t.Fatal(err)
	}
	if err := r.bill(t.Context(), s, binary, file); err != nil {
		t.Fatal(err)
	}
	var b struct {
		Components []struct {
			Ref      string `json:"bom-ref"`
			Name     string `json:"name"`
			Licenses []any  `json:"licenses"`
		} `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	if err := json.Unmarshal([]byte(read(t, file)), &b); err != nil {
		t.Fatal(err)
	}
	modules := make(map[string]bool)
	for _, c := range b.Components {
		if modules[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		modules[c.Name] = true
		if len(c.Licenses) == 0 && c.Name != "std" {
			t.Errorf("%s has no licence", c.Name)
		}
		if !slices.Contains(b.Dependencies[0].On, c.Ref) && c.Name != "std" {
			t.Errorf("the program does not depend on %s", c.Ref)
		}
	}
	for _, name := range []string{"github.com/go-chi/chi/v5", "github.com/swaggo/files/v2", "github.com/swaggo/http-swagger/v2", "github.com/mvrilo/go-redoc"} {
		if !modules[name] {
			t.Errorf("the bill does not name %s", name)
		}
	}
	if name := "github.com/swaggo/swag"; modules[name] {
		t.Errorf("the bill names %s, of which the binary has nothing", name)
	}
}
