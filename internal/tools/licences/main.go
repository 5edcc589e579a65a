// Command licences prints the modules that are in the program, or have files in it, each
// with its licence as SPDX names it. It fails if one has none that is known, or one that is
// not permitted. make licences writes what it prints to licences.txt, and a test holds that
// file against go.mod.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// permitted are the licences that ask whoever passes the program on to name the authors, and
// MPL-2.0, which also asks that the module's own files can be had, as they can from the
// module proxy. The fonts with OFL-1.1 are not sold by themselves.
var permitted = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "FTL", "ISC", "MIT", "MIT-0", "MPL-2.0", "OFL-1.1"}

// read are the licences that were read by people, as the files are not the usual ones.
var read = map[string]string{
	"github.com/ajstarks/svgo":   "CC-BY-4.0", // in a sentence of its README
	"github.com/golang/freetype": "FTL",       // "your choice of" this and the GPL
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run() error {
	list, err := list()
	fmt.Print(list)
	return err
}

// list returns a line for each module, in order. An error names all that have no licence
// that will do.
func list() (string, error) {
	const module = "{{with .Module}}{{.Path}} {{.Dir}}{{end}}"
	lines, err := goList("-deps", "-f", module, "tagifai/cmd/tagifai")
	if err != nil {
		return "", err
	}
	// The files of /docs and /redoc are of what this program imports.
	imports, err := goList("-f", `{{join .Imports "\n"}}`, "tagifai/internal/tools/apipages")
	if err != nil {
		return "", err
	}
	more, err := goList(append([]string{"-f", module}, imports...)...)
	if err != nil {
		return "", err
	}
	lines = slices.DeleteFunc(append(lines, more...), func(line string) bool {
		return line == "" || strings.HasPrefix(line, "tagifai ")
	})
	slices.Sort(lines)
	var text strings.Builder
	var errs []error
	for _, line := range slices.Compact(lines) {
		path, dir, _ := strings.Cut(line, " ")
		licence, err := licenceOf(path, dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
		fmt.Fprintln(&text, path, licence)
	}
	return text.String(), errors.Join(errs...)
}

// goList returns the lines that go list prints.
func goList(args ...string) ([]string, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	return strings.Split(strings.TrimSuffix(string(output), "\n"), "\n"), err
}

// licenceOf returns the licences of a module, separated by " AND ".
func licenceOf(path, dir string) (string, error) {
	found := []string{read[path]}
	if found[0] == "" {
		var err error
		if found, err = scan(dir); err != nil {
			return "", err
		}
	}
	if len(found) == 0 {
		return "", errors.New("no licence is known; read it, and add it to the list of those that were read")
	}
	for _, licence := range found {
		if !slices.Contains(permitted, licence) {
			return "", fmt.Errorf("the licence %s is not among those that are permitted: %s", licence, strings.Join(permitted, ", "))
		}
	}
	return strings.Join(found, " AND "), nil
}

// scan returns the licences that the files of a directory have.
func scan(dir string) ([]string, error) {
	var found []string
	for _, pattern := range []string{"LICEN[SC]E*", "[Ll]icen[sc]e*", "COPYING*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				continue // a directory of further ones
			}
			coverage := licensecheck.Scan(content)
			for _, match := range coverage.Match {
				if !match.IsURL && !slices.Contains(found, match.ID) {
					found = append(found, match.ID)
				}
			}
		}
	}
	slices.Sort(found)
	return found, nil
}
