package deployment

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const composeFile = "../../configs/compose/compose.yaml"

// loadCompose reads a compose file as docker compose does.
func loadCompose(t *testing.T, name string, environ ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{name}, cli.WithEnv(environ), cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(t.Context())
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadCompose(t, composeFile, "POSTGRES_PASSWORD=secret")
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// ours returns the services of our image, as Kubernetes would have them.
func ours(project *types.Project) map[string]*corev1.Container {
	containers := map[string]*corev1.Container{}
	for name, s := range project.Services {
		if s.Image != "tagifai" {
			continue
		}
		c := &corev1.Container{Name: name, Args: s.Command}
		if len(c.Args) == 0 {
			c.Args = []string{"serve"} // the Dockerfile's CMD
		}
		for variable, value := range s.Environment {
			c.Env = append(c.Env, corev1.EnvVar{Name: variable, Value: *value})
		}
		containers[name] = c
	}
	return containers
}

// Every file, flag, setting and service that the compose file names exists, and the
// containers of our image may do no more than in Kubernetes.
func TestCompose(t *testing.T) {
	project := compose(t)
	for name, s := range project.Services {
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for other, d := range s.DependsOn {
			if check := project.Services[other].HealthCheck; d.Condition == types.ServiceConditionHealthy && (check == nil || len(check.Test) == 0) {
				t.Errorf("%s waits until %s is healthy, which it never is", name, other)
			}
		}
	}
	containers := ours(project)
	if len(containers) != 2 {
		t.Errorf("%d services have our image, want two", len(containers))
	}
	for name, c := range containers {
		checkSettings(t, c)
		s := project.Services[name]
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.User != "" {
			t.Errorf("%s may do more than it needs", name)
		}
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The service has stopped before Docker kills it.
func TestComposeStop(t *testing.T) {
	project := compose(t)
	pod := &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{*ours(project)["tagifai"]}}}
	stop := setting(t, pod, "drain-delay") + setting(t, pod, "drain-timeout")
	if grace := time.Duration(*project.Services["tagifai"].StopGracePeriod); stop >= grace {
		t.Errorf("it may take %v to stop, and is killed after %v", stop, grace)
	}
}

// Prometheus asks the service at its admin address, by a name that it is told, and Grafana
// asks Prometheus.
func TestComposeMonitoring(t *testing.T) {
	project := compose(t)
	var prometheus struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct {
				Targets []string
			} `json:"static_configs"`
		} `json:"scrape_configs"`
	}
	read(t, bound(t, project, "prometheus", "/etc/prometheus")+"/prometheus.yml", &prometheus)
	host, port, err := net.SplitHostPort(prometheus.ScrapeConfigs[0].StaticConfigs[0].Targets[0])
	if err != nil {
		t.Fatal(err)
	}
	environment := project.Services[host].Environment
	if admin, hosts := environment["TAGIFAI_ADMIN_ADDR"], environment["TAGIFAI_ADMIN_HOSTS"]; admin == nil || *admin != ":"+port || hosts == nil || *hosts != host {
		t.Errorf("Prometheus asks %s:%s, and the service does not answer that there", host, port)
	}

	var grafana struct{ Datasources []struct{ URL string } }
	read(t, bound(t, project, "grafana", "/etc/grafana/provisioning/datasources/tagifai.yaml"), &grafana)
	source, err := url.Parse(grafana.Datasources[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if ports := project.Services[source.Hostname()].Ports; len(ports) != 1 || source.Port() != ports[0].Published {
		t.Errorf("Grafana asks %s, which is no service of the file", source)
	}
	var dashboards struct {
		Providers []struct{ Options struct{ Path string } }
	}
	read(t, bound(t, project, "grafana", "/etc/grafana/provisioning/dashboards/tagifai.yaml"), &dashboards)
	bound(t, project, "grafana", dashboards.Providers[0].Options.Path+"/tagifai.json")
}

// bound returns the file or directory that a service has at a path.
func bound(t *testing.T, project *types.Project, service, target string) string {
	t.Helper()
	for _, v := range project.Services[service].Volumes {
		if v.Target == target {
			return v.Source
		}
	}
	t.Fatalf("%s has nothing at %s", service, target)
	return ""
}

func read(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// What Compose does not know is an error, and so is a password that is missing.
func TestComposeStrict(t *testing.T) {
	data, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ password, old, new, want string }{
		{"secret", "read_only: true\n  cap", "read_onlies: true\n  cap", "read_onlies"},
		{"secret", "postgres: {condition", "postgresql: {condition", "postgresql"},
		{"secret", "mem_limit: 256m", "mem_limit: 256x", "mem_limit"},
		{"", "", "", "put it into .env"},
	} {
		name := filepath.Join(t.TempDir(), "compose.yaml")
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(data), c.old, c.new)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadCompose(t, name, "POSTGRES_PASSWORD="+c.password); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got the error %v, want one with %s", err, c.want)
		}
	}
}
