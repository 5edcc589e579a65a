package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// wheel writes a Python wheel that puts the binary on the path. Format: Python's "Binary
// distribution format".
func (r *release) wheel(s system, binary, out string) error {
	platforms, err := platforms(s, binary)
	if err != nil {
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	readme, err := os.ReadFile(filepath.Join(r.root, "README.md"))
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return err
	}
	version := pythonVersion(r.version)
	var about strings.Builder
	fmt.Fprintf(&about, "Metadata-Version: 2.1\nName: tagifai\nVersion: %s\n", version)
	about.WriteString("Summary: A text classifier as a service: char n-gram TF-IDF and a linear model, in one binary\n" +
		"License: MIT\nLicense-File: LICENSE\nRequires-Python: >=3.7\nDescription-Content-Type: text/markdown\n\n")
	about.Write(readme)
	var tags strings.Builder
	tags.WriteString("Wheel-Version: 1.0\nGenerator: tagifai\nRoot-Is-Purelib: false\n")
	for _, platform := range platforms {
		fmt.Fprintf(&tags, "Tag: py3-none-%s\n", platform)
	}
	name := "tagifai-" + version
	files := []file{
		{name + ".data/scripts/tagifai", program, 0o755},
		{name + ".dist-info/METADATA", []byte(about.String()), 0o644},
		{name + ".dist-info/LICENSE", license, 0o644},
		{name + ".dist-info/WHEEL", []byte(tags.String()), 0o644},
	}
	var record strings.Builder
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	fmt.Fprintf(&record, "%s.dist-info/RECORD,,\n", name)
	files = append(files, file{name + ".dist-info/RECORD", []byte(record.String()), 0o644})
	return r.zip(files, filepath.Join(out, name+"-py3-none-"+strings.Join(platforms, ".")+".whl"))
}

func (r *release) zip(files []file, name string) error {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		header := zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.time}
		header.SetMode(fs.FileMode(f.mode))
		entry, err := w.CreateHeader(&header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

// described matches what git describe prints: a tag, commits since, and the last of these.
var described = regexp.MustCompile(`^v?(\d+(?:\.\d+)+)(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$`)

// pythonVersion returns a version as Python writes it: 1.2.3, 1.2.3.post4+g0123456, or,
// for what has no number, 0.0.0.dev0+ what it has.
func pythonVersion(version string) string {
	m := described.FindStringSubmatch(version)
	if m == nil {
		local := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(version), "."), ".")
		if local == "" || local == "dev" {
			return "0.0.0.dev0"
		}
		return "0.0.0.dev0+" + local
	}
	result := m[1]
	var local []string
	if m[2] != "" {
		result += ".post" + m[2]
		local = append(local, "g"+m[3])
	}
	if m[4] != "" {
		local = append(local, "dirty")
	}
	if len(local) > 0 {
		result += "+" + strings.Join(local, ".")
	}
	return result
}
