package main

import (
	"os"
	"slices"
	"strings"

	"tagifai/internal/tools/bench/sides"
)

// The Debian packages of the sides. Without some of them, a run does without those sides;
// nothing goes under load without wrk.
var (
	fastTextPackages = []string{"fasttext"}
	loadPackages     = []string{"wrk"}

	packages = slices.Concat(fastTextPackages, sides.PythonPackages, loadPackages)
)

// has reports whether all of these packages are installed.
func (b *bench) has(needed []string) bool {
	return !slices.ContainsFunc(needed, func(name string) bool { return slices.Contains(b.missing, name) })
}

// available returns the sides whose packages are installed, and tells of the others.
func (b *bench) available(all ...sides.Side) []sides.Side {
	return slices.DeleteFunc(all, func(s sides.Side) bool {
		if b.has(s.Needs) {
			return false
		}
		b.logf("%s: skipped; it needs apt-get install %s", s.Name, strings.Join(s.Needs, " "))
		return true
	})
}

// sides returns those that are measured under load.
func (b *bench) sides() []sides.Side {
	quiet := b.service("--log-level", "warn")
	quiet.Name = sides.ServiceQuiet
	probabilities, explanation := b.service(), b.service()
	probabilities.Name, probabilities.Include = sides.ServiceProbabilities, "probabilities"
	explanation.Name, explanation.Include = sides.ServiceExplanation, "explanation"
	all := []sides.Side{b.service(), probabilities, explanation, b.python.Gunicorn(b.artifact), sides.NewFloor(), quiet}
	if b.base != "" {
		all = append(all, b.serviceBase())
	}
	return b.available(all...)
}

// peers are the servers from the Python registry.
func (b *bench) peers() sides.Peers {
	return sides.Peers{Dir: b.peersDir, Python: b.python, Models: b.path("models")}
}

// installed returns the peers that are installed, and tells of the others.
func (b *bench) installed() []sides.Side {
	if !b.has(sides.PythonPackages) {
		b.logf("MLServer, MLflow, BentoML, LitServe: skipped, as there is no scikit-learn to train their model")
		return nil
	}
	for _, name := range sides.PeerNames {
		if !b.peers().Installed(name) {
			b.logf("%s: skipped, as it is not installed in %s; make bench-venvs installs it", name, b.peersDir)
		}
	}
	return b.peers().Sides()
}

// sizes notes what this service and the peers take on the disk.
func (b *bench) sizes(peers []sides.Side) error {
	file, err := os.Stat(b.tagifai)
	if err != nil {
		return err
	}
	b.results.Add(Disk, diskCase, sides.Service, diskMB, float64(file.Size())/1e6)
	for _, s := range peers {
		size, err := b.peers().Size(s.Name)
		if err != nil {
			return err
		}
		b.results.Add(Disk, diskCase, s.Name, diskMB, float64(size)/1e6)
	}
	return nil
}

// service is this service.
func (b *bench) service(args ...string) sides.Side {
	return sides.NewService(b.tagifai, append([]string{"--model", b.artifact}, args...)...)
}

// serviceBase is the service as the binary of -base has it.
func (b *bench) serviceBase() sides.Side {
	s := sides.NewService(b.base, "--model", b.artifact)
	s.Name = sides.ServiceBase
	return s
}
