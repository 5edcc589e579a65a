package sides

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"tagifai/internal/tools/process"
)

// The names of the peers from the Python registry.
const (
	MLServer = "MLServer"
	MLflow   = "MLflow"
	BentoML  = "BentoML"
	LitServe = "LitServe"
)

// PeerNames are in the order of the tables.
var PeerNames = []string{MLServer, MLflow, BentoML, LitServe}

// Peers are model servers from the Python registry, each in a virtual environment of its
// own, as their dependencies do not agree.
type Peers struct {
	Dir    string // of the environments
	Python Python
	Models string // directory of their models, which [Peers.Prepare] makes
}

// Setup says how the peers are configured.
var Setup = fmt.Sprintf("MLServer: its scikit-learn runtime, %[1]d parallel workers, adaptive batching of up to 32 requests within 5 ms, debug off. "+
	"MLflow: mlflow models serve --env-manager local --workers %[1]d, the model saved with pyfunc_predict_fn=predict_proba. "+
	"BentoML: %[1]d workers, adaptive batching with its defaults. "+
	"LitServe: %[1]d workers, batches of up to 32 requests within 1 ms. "+
	"Each is asked in its own dialect for the probabilities of the same texts, serves one Pipeline of the same vectorizer and classifier, and logs to /dev/null.", runtime.NumCPU())

// Version returns the version of a peer, as it is pinned.
func (Peers) Version(name string) string {
	pins, _ := scripts.ReadFile("python/requirements-" + strings.ToLower(name) + ".txt")
	for line := range strings.Lines(string(pins)) {
		if version, ok := strings.CutPrefix(line, strings.ToLower(name)+"=="); ok {
			return strings.TrimSpace(version)
		}
	}
	return "unknown"
}

// env is the directory of a peer's environment.
func (p Peers) env(name string) string { return filepath.Join(p.Dir, strings.ToLower(name)) }

// Installed reports whether the peer's environment is there.
func (p Peers) Installed(name string) bool {
	_, err := os.Stat(filepath.Join(p.env(name), "installed"))
	return err == nil
}

// Install makes the environments that are missing, with the versions that
// python/requirements-*.txt pin.
func (p Peers) Install(ctx context.Context) error {
	for _, name := range PeerNames {
		if p.Installed(name) {
			continue
		}
		env := p.env(name)
		requirements := filepath.Join(string(p.Python), "python", "requirements-"+strings.ToLower(name)+".txt")
		for _, cmd := range []*exec.Cmd{
			exec.CommandContext(ctx, python, "-m", "venv", "--clear", env),
			exec.CommandContext(ctx, filepath.Join(env, "bin", "pip"), "install", "--disable-pip-version-check", "--no-deps", "-r", requirements),
		} {
			cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w", cmd, err)
			}
		}
		if err := os.WriteFile(filepath.Join(env, "installed"), nil, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Size returns the bytes that a peer's environment takes on the disk; what is Python's
// own lies elsewhere.
func (p Peers) Size(name string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(p.env(name), func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// Prepare makes the models of the installed peers from an artifact directory of
// scikit-learn's.
func (p Peers) Prepare(ctx context.Context, artifact string) error {
	for _, name := range PeerNames {
		if !p.Installed(name) {
			continue
		}
		script := filepath.Join(string(p.Python), "python", "pipeline.py")
		out, err := exec.CommandContext(ctx, p.bin(name, "python"), script, artifact, p.model(name)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s cannot have the model: %w: %s", name, err, out)
		}
	}
	if !p.Installed(MLServer) {
		return nil
	}
	settings, err := json.Marshal(map[string]any{
		"name": "tagifai", "implementation": "mlserver_sklearn.SKLearnModel",
		"max_batch_size": 32, "max_batch_time": 0.005,
		"parameters": map[string]string{"uri": "./model.joblib"},
	})
	return errors.Join(err, os.WriteFile(filepath.Join(p.model(MLServer), "model-settings.json"), settings, 0o666))
}

func (p Peers) model(name string) string { return filepath.Join(p.Models, strings.ToLower(name)) }

func (p Peers) bin(name, program string) string { return filepath.Join(p.env(name), "bin", program) }

// Sides returns the installed peers.
func (p Peers) Sides() []Side {
	all := []Side{
		p.side(MLServer, "/v2/health/ready", &Dialect{"/v2/models/tagifai/infer", inInfer, ofInfer}, p.mlserver),
		p.side(MLflow, "/ping", &Dialect{"/invocations", func(texts []string) any { return map[string][]string{"inputs": texts} }, ofPredictions}, p.mlflow),
		p.side(BentoML, "/readyz", &Dialect{"/predict", inTexts, ofArray}, p.bentoml),
		p.side(LitServe, "/health", &Dialect{"/predict", inTexts, ofPredictions}, p.litserve),
	}
	var installed []Side
	for _, s := range all {
		if p.Installed(s.Name) {
			installed = append(installed, s)
		}
	}
	return installed
}

// side returns a peer whose program and arguments, and additions to the environment,
// command returns.
func (p Peers) side(name, health string, dialect *Dialect, command func(host, port string) (args, env []string)) Side {
	return Side{Name: name, Health: health, Dialect: dialect, Finishes: true, Command: func(ctx context.Context, addr string) *exec.Cmd {
		host, port, _ := strings.Cut(addr, ":")
		args, env := command(host, port)
		cmd := exec.CommandContext(ctx, p.bin(name, args[0]), args[1:]...)
		cmd.Dir = p.model(name)
		cmd.Stdout, cmd.Stderr = Null(), Null()
		cmd.Env = append(os.Environ(), "PATH="+p.bin(name, "")+":"+os.Getenv("PATH"),
			"PYTHONPATH="+filepath.Join(string(p.Python), "python"),
			"MODEL="+filepath.Join(cmd.Dir, "model.joblib"), "CORES="+cores)
		cmd.Env = append(cmd.Env, env...)
		return cmd
	}}
}

var cores = strconv.Itoa(runtime.NumCPU())

func (Peers) mlserver(host, port string) (args, env []string) {
	return []string{"mlserver", "start", "."}, []string{
		"MLSERVER_DEBUG=false", "MLSERVER_HOST=" + host, "MLSERVER_HTTP_PORT=" + port, "MLSERVER_GRPC_PORT=" + freePort(),
		"MLSERVER_METRICS_PORT=" + freePort(), "MLSERVER_PARALLEL_WORKERS=" + cores,
	}
}

func (Peers) mlflow(host, port string) (args, env []string) {
	return []string{"mlflow", "models", "serve", "--model-uri", "mlflow", "--env-manager", "local",
		"--workers", cores, "--host", host, "--port", port}, []string{"MLFLOW_DISABLE_TELEMETRY=true"}
}

func (Peers) bentoml(host, port string) (args, env []string) {
	return []string{"bentoml", "serve", "bento_service:Tagger", "--host", host, "--port", port}, []string{"BENTOML_DO_NOT_TRACK=true"}
}

func (p Peers) litserve(_, port string) (args, env []string) {
	return []string{"python", filepath.Join(string(p.Python), "python", "lit_service.py"), port}, nil
}

// freePort returns a port for what a peer serves beside predictions.
func freePort() string {
	addr, _ := process.FreeAddr()
	_, port, _ := strings.Cut(addr, ":")
	return cmp.Or(port, "0")
}
