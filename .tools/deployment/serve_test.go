package deployment

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// A service is a running container, or what stands for it: the binary with the arguments
// and the environment of the manifest, at addresses of this machine.
type service struct {
	container *corev1.Container
	cmd       *exec.Cmd
	addr      map[int32]string // by the container's port
}

// start runs the container of a kustomization that serves.
func start(t *testing.T, pod *corev1.PodTemplateSpec) *service {
	t.Helper()
	s := &service{container: &pod.Spec.Containers[0], addr: map[int32]string{}}
	s.cmd = exec.Command(binary, s.container.Args...)
	s.cmd.Env = append(environment(s.container, mounted(t, pod)), "TAGIFAI_LOG_FORMAT=json")
	ports := map[string]string{} // a port of the container, by the variable
	for i, entry := range s.cmd.Env {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasSuffix(name, "_ADDR") {
			ports[name] = value
			s.cmd.Env[i] = name + "=127.0.0.1:0"
		}
	}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended
		_ = s.cmd.Wait()
	})
	var line struct {
		Message string `json:"message"`
		Addr    string `json:"addr"`
		Admin   string `json:"admin_addr"`
	}
	log := bufio.NewScanner(stderr)
	for line.Message != "serving" {
		if !log.Scan() {
			t.Fatal("the service has ended before it served")
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%v in %s", err, log.Text())
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }()
	for _, port := range s.container.Ports {
		switch suffix := fmt.Sprintf(":%d", port.ContainerPort); suffix {
		case ports["TAGIFAI_ADDR"]:
			s.addr[port.ContainerPort] = line.Addr
		case ports["TAGIFAI_ADMIN_ADDR"]:
			s.addr[port.ContainerPort] = line.Admin
		default:
			t.Errorf("nothing listens on port %d", port.ContainerPort)
		}
	}
	return s
}

// mounted returns what the container's volumes hold, by their paths: the model that is
// embedded, and a directory of models with it.
func mounted(t *testing.T, pod *corev1.PodTemplateSpec) map[string]string {
	t.Helper()
	const artifacts = "../../model/artifacts"
	dirs := map[string]string{"/mnt/models": artifacts}
	for _, mount := range pod.Spec.Containers[0].VolumeMounts {
		store := t.TempDir()
		if out, err := exec.Command(binary, "models", "--models", store, "add", "tagifai", artifacts, "--alias", "stable").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		dirs[mount.MountPath] = store
	}
	return dirs
}

// environment returns the variables of a container. Paths are those of dirs.
func environment(c *corev1.Container, dirs map[string]string) []string {
	var environ []string
	for _, v := range c.Env {
		value := v.Value
		if dir, ok := dirs[value]; ok {
			value = dir
		}
		if v.ValueFrom != nil && v.ValueFrom.ResourceFieldRef != nil {
			value = c.Resources.Requests.Cpu().String()
		}
		environ = append(environ, v.Name+"="+value)
	}
	return environ
}

// port returns the number of a port of the container, which may be named.
func (s *service) port(t *testing.T, name string, number int32) int32 {
	t.Helper()
	if name == "" {
		return number
	}
	for _, port := range s.container.Ports {
		if port.Name == name {
			return port.ContainerPort
		}
	}
	t.Fatalf("the container has no port %q", name)
	return 0
}

func (s *service) get(t *testing.T, port int32, path string) (int, []byte) {
	t.Helper()
	addr, ok := s.addr[port]
	if !ok {
		t.Fatalf("nothing listens on port %d", port)
	}
	response, err := http.Get("http://" + addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

// Each probe of each pod answers. Once it is told to stop, the pod is not ready, and ends
// within its grace period.
func TestProbes(t *testing.T) {
	for _, dir := range kustomizations(t) {
		for _, object := range build(t, dir) {
			pod := podOf(object)
			if pod == nil || pod.Spec.Containers[0].Args[0] != "serve" {
				continue
			}
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				s := start(t, pod)
				c := s.container
				for name, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "readiness": c.ReadinessProbe, "liveness": c.LivenessProbe} {
					if probe == nil {
						if name != "startup" {
							t.Errorf("there is no %s probe", name)
						}
						continue
					}
					get := probe.HTTPGet
					if code, body := s.get(t, s.port(t, get.Port.StrVal, get.Port.IntVal), get.Path); code != http.StatusOK {
						t.Errorf("the %s probe gets %d: %s", name, code, body)
					}
				}
				delay, timeout := setting(t, pod, "drain-delay"), setting(t, pod, "drain-timeout")
				grace := 30 * time.Second // Kubernetes' default
				if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil {
					grace = time.Duration(*seconds) * time.Second
				}
				if delay+timeout >= grace {
					t.Errorf("it may take %v and then %v to stop, and is killed after %v", delay, timeout, grace)
				}
				ready := c.ReadinessProbe
				if noticed := time.Duration(ready.PeriodSeconds*ready.FailureThreshold) * time.Second; noticed > delay {
					t.Errorf("the readiness probe takes %v to notice, and the service stops listening after %v", noticed, delay)
				}
				if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(delay); ; {
					code, _ := s.get(t, s.port(t, ready.HTTPGet.Port.StrVal, ready.HTTPGet.Port.IntVal), ready.HTTPGet.Path)
					if code == http.StatusServiceUnavailable {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("the service that was told to stop is ready: %d", code)
					}
				}
			})
		}
	}
}

// setting returns a duration as the service of a pod has it.
func setting(t *testing.T, pod *corev1.PodTemplateSpec, name string) time.Duration {
	t.Helper()
	for line := range strings.Lines(settings(t, &pod.Spec.Containers[0])) {
		if value, ok := strings.CutPrefix(line, name+": "); ok {
			d, err := time.ParseDuration(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	t.Fatalf("there is no setting %s", name)
	return 0
}

// settings returns what the service of a container prints of its settings.
func settings(t *testing.T, c *corev1.Container) string {
	t.Helper()
	cmd := exec.Command(binary, append(c.Args, "--print-config")...)
	cmd.Env = environment(c, nil)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return string(out)
}
