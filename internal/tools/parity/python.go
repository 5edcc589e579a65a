package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed versions.txt
var versionsFile string

//go:embed pipelines.py
var script []byte

// A version is a line of versions.txt.
type version struct {
	name         string // also of its directories
	python       string
	requirements []string
}

func readVersions(text string) ([]version, error) {
	var list []version
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("versions.txt: %q: a line has a name, a Python and what to install", strings.TrimSpace(line))
		}
		list = append(list, version{fields[0], fields[1], fields[2:]})
	}
	return list, nil
}

// A maker makes what is compared.
type maker struct {
	dir         string
	data, texts string // files
	log         io.Writer
}

// makeAll has each version make its pipelines. A version whose Python is missing is
// skipped, and what it made before is removed.
func (m *maker) makeAll(ctx context.Context, versions []version) error {
	if err := os.MkdirAll(filepath.Join(m.dir, "out"), 0o777); err != nil {
		return err
	}
	path := filepath.Join(m.dir, "pipelines.py")
	if err := os.WriteFile(path, script, 0o666); err != nil {
		return err
	}
	for _, v := range versions {
		out := filepath.Join(m.dir, "out", v.name)
		python, err := m.environment(ctx, v)
		if err != nil {
			return fmt.Errorf("scikit-learn %s: %w", v.name, err)
		}
		if python == "" {
			fmt.Fprintf(m.log, "scikit-learn %s: skipped, as there is no %s\n", v.name, v.python)
			if err := os.RemoveAll(out); err != nil {
				return err
			}
			continue
		}
		if err := m.python(ctx, python, path, "--texts", m.texts, "--data", m.data, out); err != nil {
			return fmt.Errorf("scikit-learn %s: %w", v.name, err)
		}
	}
	return nil
}

// environment returns the Python of a version's environment, which it makes if need
// be; "" if this machine has no such Python.
func (m *maker) environment(ctx context.Context, v version) (string, error) {
	dir := filepath.Join(m.dir, "venvs", v.name)
	python := filepath.Join(dir, "bin", "python")
	// installed is written last: it tells that the environment is whole.
	installed := filepath.Join(dir, "requirements.txt")
	requirements := []byte(strings.Join(v.requirements, "\n") + "\n")
	if have, err := os.ReadFile(installed); err == nil && bytes.Equal(have, requirements) {
		return python, nil
	}
	if _, err := os.Stat(python); err != nil {
		// A shim, such as pyenv has, is there for Pythons that are not.
		if exec.CommandContext(ctx, v.python, "--version").Run() != nil {
			return "", ctx.Err()
		}
		if err := m.python(ctx, v.python, "-m", "venv", dir); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(m.log, "scikit-learn %s: installing %s\n", v.name, strings.Join(v.requirements, " "))
	pip := append([]string{"-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"}, v.requirements...)
	if err := m.python(ctx, python, pip...); err != nil {
		return "", err
	}
	return python, os.WriteFile(installed, requirements, 0o666)
}

func (m *maker) python(ctx context.Context, python string, args ...string) error {
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Stdout, cmd.Stderr = m.log, m.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return nil
}
