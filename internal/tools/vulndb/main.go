// Command vulndb makes the database that govulncheck reads, in the directory that it is
// given, from a version of the module golang.org/x/vulndb. That comes from the module proxy
// or the module cache, so that vuln.go.dev need not be reached, and the same version gives
// the same answers. make vuln runs it.
//
// Format: https://go.dev/doc/security/vuln/database.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: vulndb version directory")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "vulndb:", err)
		os.Exit(1)
	}
}

// A module of the index, with its vulnerabilities.
type module struct {
	Path  string          `json:"path"`
	Vulns []vulnerability `json:"vulns"`
}

type vulnerability struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
}

func run(version, dir string) error {
	source, err := download(version)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(source, "data", "osv", "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("golang.org/x/vulndb@%s has no files data/osv/*.json", version)
	}
	for _, name := range []string{"index", "ID"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	modules := map[string]*module{}
	for _, file := range files {
		if err := add(modules, file, filepath.Join(dir, "ID")); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	index := make([]*module, 0, len(modules))
	for _, m := range modules {
		index = append(index, m)
	}
	if err := write(filepath.Join(dir, "index", "modules.json"), index); err != nil {
		return err
	}
	return write(filepath.Join(dir, "index", "db.json"), map[string]time.Time{"modified": {}})
}

// download returns the directory of the module's source.
func download(version string) (string, error) {
	output, err := exec.Command("go", "mod", "download", "-json", "golang.org/x/vulndb@"+version).Output()
	var answer struct{ Dir, Error string }
	if failed := json.Unmarshal(output, &answer); failed == nil && answer.Error != "" {
		return "", fmt.Errorf("golang.org/x/vulndb@%s: %s", version, answer.Error)
	}
	return answer.Dir, err
}

// add copies an entry to dir and adds it to the modules that it is about.
func add(modules map[string]*module, file, dir string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var entry struct {
		ID       string
		Modified time.Time
		Affected []struct{ Package struct{ Name string } }
	}
	if err := json.Unmarshal(content, &entry); err != nil {
		return err
	}
	for _, affected := range entry.Affected {
		path := affected.Package.Name
		m := modules[path]
		if m == nil {
			m = &module{Path: path}
			modules[path] = m
		}
		if n := len(m.Vulns); n == 0 || m.Vulns[n-1].ID != entry.ID {
			m.Vulns = append(m.Vulns, vulnerability{entry.ID, entry.Modified})
		}
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(file)), content, 0o644)
}

func write(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
