package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"go.yaml.in/yaml/v4"
)

// A deployment is what the manifest of Kubernetes says of starting and stopping.
type deployment struct {
	drainDelay, drainTimeout time.Duration
	grace                    time.Duration // from SIGTERM to SIGKILL
	period, timeout          time.Duration // of the readiness probe
	failures                 int           // of it, until it counts
	path                     string        // that it asks for
}

// readDeployment reads the manifest, which is one container's.
func readDeployment(file string) (*deployment, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var m struct {
		Spec struct {
			Strategy struct {
				RollingUpdate struct {
					MaxSurge       int `yaml:"maxSurge"`
					MaxUnavailable int `yaml:"maxUnavailable"`
				} `yaml:"rollingUpdate"`
			}
			Template struct {
				Spec struct {
					Grace      int `yaml:"terminationGracePeriodSeconds"`
					Containers []struct {
						Env            []struct{ Name, Value string }
						ReadinessProbe struct {
							HTTPGet          struct{ Path string } `yaml:"httpGet"`
							PeriodSeconds    int                   `yaml:"periodSeconds"`
							TimeoutSeconds   int                   `yaml:"timeoutSeconds"`
							FailureThreshold int                   `yaml:"failureThreshold"`
						} `yaml:"readinessProbe"`
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pod := m.Spec.Template.Spec
	if update := m.Spec.Strategy.RollingUpdate; update.MaxSurge != 1 || update.MaxUnavailable != 0 || len(pod.Containers) != 1 {
		return nil, fmt.Errorf("%s: the replicas are replaced otherwise than one after another, each by a new one that is ready", file)
	}
	ready := pod.Containers[0].ReadinessProbe
	d := &deployment{
		grace:    time.Duration(pod.Grace) * time.Second,
		period:   time.Duration(ready.PeriodSeconds) * time.Second,
		timeout:  time.Duration(ready.TimeoutSeconds) * time.Second,
		failures: ready.FailureThreshold,
		path:     ready.HTTPGet.Path,
	}
	for _, v := range pod.Containers[0].Env {
		switch v.Name {
		case "TAGIFAI_DRAIN_DELAY":
			d.drainDelay, err = time.ParseDuration(v.Value)
		case "TAGIFAI_DRAIN_TIMEOUT":
			d.drainTimeout, err = time.ParseDuration(v.Value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, v.Name, err)
		}
	}
	if d.drainDelay <= 0 || d.drainTimeout <= 0 || d.grace <= 0 || d.period <= 0 || d.timeout <= 0 || d.failures <= 0 || d.path == "" {
		return nil, fmt.Errorf("%s: one of the figures is missing: %+v", file, *d)
	}
	return d, nil
}

func (d *deployment) flags() []string {
	return []string{"--drain-delay=" + d.drainDelay.String(), "--drain-timeout=" + d.drainTimeout.String()}
}

func (d *deployment) String() string {
	return fmt.Sprintf("drain delay %s, drain timeout %s, grace period %s; readiness probe: every %s, %d failures", d.drainDelay, d.drainTimeout, d.grace, d.period, d.failures)
}

// probe asks a replica as often as the kubelet does, until it is ready, or until it has
// been found not to be ready often enough.
func (d *deployment) probe(ctx context.Context, s *service, ready bool) error {
	tick := time.NewTicker(d.period)
	defer tick.Stop()
	for failed := 0; ; {
		within, cancel := context.WithTimeout(ctx, d.timeout)
		status, _, err := ask(within, http.MethodGet, "http://"+s.addr+d.path)
		cancel()
		switch {
		case err != nil || status != http.StatusOK:
			failed++
		case ready:
			return nil
		default:
			failed = 0
		}
		if !ready && failed == d.failures {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return fmt.Errorf("%s ended while it was probed", s)
		case <-tick.C:
		}
	}
}
