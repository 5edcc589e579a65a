package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// bill writes the bill of materials of a binary in the form of CycloneDX: the modules that
// are linked into it, with their checksums and licences.
func (r *release) bill(ctx context.Context, binary, out string) error {
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=.tools/go.mod", "cyclonedx-gomod",
		"bin", "-json", "-noserial", "-std", "-licenses", "-assert-licenses", "-version", r.version, binary)
	cmd.Dir = r.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	if data, err = r.timeless(data); err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

// timeless gives a bill the time of the release, and takes the checksums of the tool away,
// which differ from machine to machine.
func (r *release) timeless(data []byte) ([]byte, error) {
	var bill map[string]any
	if err := json.Unmarshal(data, &bill); err != nil {
		return nil, err
	}
	about, ok := bill["metadata"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the bill of materials has no metadata: %.100s", data)
	}
	about["timestamp"] = r.time.Format(time.RFC3339)
	tools, _ := about["tools"].([]any)
	for _, tool := range tools {
		if tool, ok := tool.(map[string]any); ok {
			delete(tool, "hashes")
		}
	}
	return json.Marshal(bill, json.Deterministic(true), jsontext.WithIndent("  "))
}
