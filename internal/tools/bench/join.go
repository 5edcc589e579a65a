package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"tagifai/internal/tools/bench/report"
)

// join writes the report of several runs, each of some parts, to a directory.
func join(out string, runs []string) error {
	var all []*report.Results
	for _, dir := range runs {
		results, err := readResults(dir)
		if err != nil {
			return err
		}
		all = append(all, results)
	}
	joined, err := report.Join(all)
	if err != nil {
		return err
	}
	joined.Targets = judge(joined)
	return write(joined, out)
}

func readResults(dir string) (*report.Results, error) {
	file := filepath.Join(dir, "results.json")
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	results := new(report.Results)
	if err := json.Unmarshal(raw, results); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return results, nil
}
