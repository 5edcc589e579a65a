//go:build !race

// The tests build and pack programs. There is nothing in them for the race detector.

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is packed is the same each time, and serves: the archive in an empty folder, the
// wheel in a fresh virtual environment.
func TestPack(t *testing.T) {
	s := system{runtime.GOOS, runtime.GOARCH}
	binary := filepath.Join(t.TempDir(), "tagifai")
	r := release{root: "../../..", version: "v1.2.3", time: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	if err := r.build(t.Context(), s, binary); err != nil {
		t.Fatal(err)
	}
	pack := func() string {
		dir := t.TempDir()
		if err := r.pack(s, binary, dir); err != nil {
			t.Fatal(err)
		}
		if err := checksums(dir); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := pack()
	sums := read(t, filepath.Join(dir, "SHA256SUMS"))
	if diff := cmp.Diff(read(t, filepath.Join(pack(), "SHA256SUMS")), sums); diff != "" {
		t.Errorf("twice gives other bytes: %s", diff)
	}
	for line := range strings.Lines(sums) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, filepath.Join(dir, name))))); got != sum {
			t.Errorf("%s has the checksum %s, not %s", name, got, sum)
		}
	}

	t.Run("archive", func(t *testing.T) {
		empty := t.TempDir()
		name := fmt.Sprintf("tagifai_1.2.3_%s_%s", s.os, s.arch)
		names := unpack(t, filepath.Join(dir, name+".tar.gz"), empty)
		for _, want := range []string{"tagifai", "LICENSE", "README.md", "configs/config.yaml", "configs/kubernetes/base/deployment.yaml"} {
			if !slices.Contains(names, name+"/"+want) {
				t.Errorf("the archive has no %s", want)
			}
		}
		use(t, filepath.Join(empty, name, "tagifai"), empty)
	})
	t.Run("wheel", func(t *testing.T) {
		wheels, _ := filepath.Glob(filepath.Join(dir, "*.whl"))
		if len(wheels) != 1 {
			t.Fatalf("there are %d wheels", len(wheels))
		}
		venv := filepath.Join(t.TempDir(), "venv")
		if out, err := exec.Command("python3", "-m", "venv", venv).CombinedOutput(); err != nil {
			t.Skipf("there is no python3 that makes virtual environments: %v: %s", err, out)
		}
		pip := exec.Command(filepath.Join(venv, "bin", "pip"), "install", "--no-index", "--disable-pip-version-check", wheels[0])
		if out, err := pip.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		use(t, filepath.Join(venv, "bin", "tagifai"), t.TempDir())
	})
	t.Run("container", func(t *testing.T) { contain(t, binary) })
}

// use predicts by an installed binary.
func use(t *testing.T, binary, dir string) {
	t.Helper()
	for _, c := range []struct{ args, want string }{
		{"version", "tagifai v1.2.3\n"},
		{"predict|Object detection with YOLO", `"predicted_tag":"computer-vision"`},
	} {
		cmd := exec.Command(binary, strings.Split(c.args, "|")...)
		cmd.Dir = dir
		cmd.Env = []string{}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("tagifai %s: %v: %s", c.args, err, out)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unpack unpacks an archive and returns the names in it.
func unpack(t *testing.T, name, dir string) []string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader([]byte(read(t, name))))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for r := tar.NewReader(z); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}

// An archive has what whoever builds it has in configs, but for passwords and caches.
func TestFiles(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"LICENSE", "README.md", "configs/config.yaml", "configs/compose/.env", "configs/compose/compose.yaml", "configs/spark/__pycache__/score.pyc"} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const image = "FROM scratch\nCOPY --from=build /out/tagifai /tagifai\nARG VERSION=dev\nLABEL version=\"$VERSION\"\n"
	if err := os.WriteFile(filepath.Join(root, "Dockerfile"), []byte("FROM golang AS build\nARG VERSION=dev\n\n"+image), 0o600); err != nil {
		t.Fatal(err)
	}
	r := release{root: root, version: "v1.2.3"}
	for s, want := range map[system][]string{
		{"linux", "arm64"}:  {"tagifai", "Dockerfile", "LICENSE", "README.md", "configs/compose/compose.yaml", "configs/config.yaml"},
		{"darwin", "arm64"}: {"tagifai", "LICENSE", "README.md", "configs/compose/compose.yaml", "configs/config.yaml"},
	} {
		files, err := r.files(s, filepath.Join(root, "LICENSE")) // stands for the binary
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range files {
			names = append(names, f.name)
			if got, want := string(f.data), "FROM scratch\nCOPY tagifai /tagifai\nARG VERSION=v1.2.3\nLABEL version=\"$VERSION\"\n"; f.name == "Dockerfile" && got != want {
				t.Errorf("got the Dockerfile\n%s, want\n%s", got, want)
			}
		}
		if diff := cmp.Diff(names, want); diff != "" {
			t.Errorf("%v: %s", s, diff)
		}
	}
}

func TestPythonVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                  "1.2.3",
		"1.2":                     "1.2",
		"v1.2.3-4-g0123abc":       "1.2.3.post4+g0123abc",
		"v1.2.3-4-g0123abc-dirty": "1.2.3.post4+g0123abc.dirty",
		"v1.2.3-dirty":            "1.2.3+dirty",
		"0123abc":                 "0.0.0.dev0+0123abc",
		"12345678":                "0.0.0.dev0+12345678", // a commit, of digits by chance
		"0123abc-dirty":           "0.0.0.dev0+0123abc.dirty",
		"dev":                     "0.0.0.dev0",
		"":                        "0.0.0.dev0",
	} {
		if got := pythonVersion(version); got != want {
			t.Errorf("%q: got %s, want %s", version, got, want)
		}
	}
}

// A binary for another system than the name of its wheel says is refused.
func TestPlatforms(t *testing.T) {
	for _, c := range []struct{ os, arch, want string }{
		{"linux", "amd64", "manylinux_2_17_x86_64 manylinux2014_x86_64 musllinux_1_1_x86_64"},
		{"linux", "arm64", "manylinux_2_17_aarch64 manylinux2014_aarch64 musllinux_1_1_aarch64"},
		{"darwin", "amd64", "macosx_12_0_x86_64"},
		{"darwin", "arm64", "macosx_12_0_arm64"},
	} {
		t.Run(c.os+" "+c.arch, func(t *testing.T) {
			dir := t.TempDir()
			source := filepath.Join(dir, "main.go")
			if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "binary")
			cmd := exec.Command("go", "build", "-o", binary, source)
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+c.os, "GOARCH="+c.arch)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			got, err := platforms(system{c.os, c.arch}, binary)
			if diff := cmp.Diff(strings.Join(got, " "), c.want); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
			for _, other := range []system{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}} {
				if other != (system{c.os, c.arch}) {
					if got, err := platforms(other, binary); err == nil {
						t.Errorf("it passes for %v: %q", other, got)
					}
				}
			}
		})
	}
}
