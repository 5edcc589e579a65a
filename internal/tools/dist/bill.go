package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A bill is a bill of materials in the form of CycloneDX: what is changed of one, and the rest.
type bill struct {
	Metadata     metadata       `json:"metadata"`
	Components   []component    `json:"components"`
	Dependencies []dependency   `json:"dependencies"` // the first is of the program itself
	Rest         jsontext.Value `json:",embed"`
}

type metadata struct {
	Timestamp string           `json:"timestamp"`
	Tools     []map[string]any `json:"tools"`
	Rest      jsontext.Value   `json:",embed"`
}

type component struct {
	Ref  string         `json:"bom-ref"`
	Name string         `json:"name"`
	Rest jsontext.Value `json:",embed"`
}

type dependency struct {
	Ref string   `json:"ref"`
	On  []string `json:"dependsOn,omitempty"`
}

// apipages is the program that took the files of /docs and /redoc from modules.
const apipages = "./internal/tools/apipages"

// bill writes the bill of materials of a binary for a system: the modules that are linked
// into it, and those whose files it has, with their checksums and licences.
func (r *release) bill(ctx context.Context, s system, binary, out string) error {
	b, err := r.linked(ctx, binary)
	if err != nil {
		return err
	}
	pages := binary + "-pages"
	if err := r.compile(ctx, s, apipages, pages); err != nil {
		return err
	}
	from, err := r.linked(ctx, pages)
	if err != nil {
		return err
	}
	list := exec.CommandContext(ctx, "go", "list", "-f", `{{join .Imports " "}}`, apipages)
	list.Dir, list.Stderr = r.root, os.Stderr
	imports, err := list.Output()
	if err != nil {
		return err
	}
	b.add(from, strings.Fields(string(imports)))

	b.Metadata.Timestamp = r.time.Format(time.RFC3339)
	for _, tool := range b.Metadata.Tools {
		delete(tool, "hashes") // they differ from machine to machine
	}
	data, err := json.Marshal(b, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

// linked returns the bill of what is linked into a binary.
func (r *release) linked(ctx context.Context, binary string) (*bill, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=.tools/go.mod", "cyclonedx-gomod",
		"bin", "-json", "-noserial", "-std", "-licenses", "-assert-licenses", "-version", r.version, binary)
	cmd.Dir = r.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	b := new(bill)
	if err := json.Unmarshal(data, b); err != nil {
		return nil, err
	}
	if len(b.Components) == 0 || len(b.Dependencies) == 0 {
		return nil, fmt.Errorf("the bill of materials of %s names no modules: %.200s", binary, data)
	}
	return b, nil
}

// add adds those modules of another bill that have these paths.
func (b *bill) add(other *bill, paths []string) {
	for _, c := range other.Components {
		if slices.Contains(paths, c.Name) {
			b.Components = append(b.Components, c)
			b.Dependencies = append(b.Dependencies, dependency{Ref: c.Ref})
			b.Dependencies[0].On = append(b.Dependencies[0].On, c.Ref)
		}
	}
}
