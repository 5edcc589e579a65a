package sides

import (
	"context"
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// scripts are the programs in Python.
//
//go:embed python/*.py python/*.txt
var scripts embed.FS

// Unpack puts the programs in Python into a directory.
func Unpack(dir string) error { return os.CopyFS(dir, scripts) }

// python is Debian's own interpreter, which has Debian's packages.
const python = "/usr/bin/python3"

// PythonPackages are the Debian packages that the programs in Python need.
var PythonPackages = []string{
	"gunicorn",
	"python3",
	"python3-fastapi",
	"python3-httptools",
	"python3-joblib",
	"python3-sklearn",
	"python3-uvicorn",
	"python3-uvloop",
}

// Python is the directory that [Unpack] has filled.
type Python string

// Script returns the command that runs one of the programs.
func (p Python) Script(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, python, append([]string{filepath.Join(string(p), "python", name)}, args...)...)
}

// Gunicorn returns the FastAPI service as it is run in production: a worker for each
// core, another to hide its waits, and one, as gunicorn's documentation advises.
// Connections are kept for long: under load its loop can be so late that it closes one,
// after two seconds by default, on which the next request has arrived already.
func (p Python) Gunicorn(artifact string) Side {
	workers := strconv.Itoa(2*runtime.NumCPU() + 1)
	return Side{Name: Gunicorn, Finishes: true, Needs: PythonPackages, Command: func(ctx context.Context, addr string) *exec.Cmd {
		return p.fastAPI(ctx, artifact, "gunicorn", "--workers", workers, "--worker-class", "uvicorn.workers.UvicornWorker",
			"--bind", addr, "--keep-alive", "120", "--log-level", "warning", "app:app")
	}}
}

// Uvicorn returns the FastAPI service in one process, which starts faster.
func (p Python) Uvicorn(artifact string) Side {
	return Side{Name: Uvicorn, Finishes: true, Needs: PythonPackages, Command: func(ctx context.Context, addr string) *exec.Cmd {
		host, port, _ := strings.Cut(addr, ":")
		return p.fastAPI(ctx, artifact, "uvicorn", "--host", host, "--port", port, "--log-level", "warning", "--no-access-log", "app:app")
	}}
}

func (p Python) fastAPI(ctx context.Context, artifact, module string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, python, append([]string{"-m", module}, args...)...)
	cmd.Dir = filepath.Join(string(p), "python")
	cmd.Env = append(os.Environ(), "ARTIFACT="+artifact, "PYTHONPATH="+cmd.Dir)
	return cmd
}
