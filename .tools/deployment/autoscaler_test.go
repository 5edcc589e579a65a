package deployment

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Every metric that an autoscaler asks for is one that the service exports where the
// ServiceMonitor looks, with the labels that are asked for.
func TestMetrics(t *testing.T) {
	asked := 0
	for _, dir := range kustomizations(t) {
		objects := build(t, dir)
		selectors := metrics(objects)
		if len(selectors) == 0 {
			continue
		}
		asked += len(selectors)
		deployment := find[*appsv1.Deployment](t, objects)
		s := start(t, &deployment.Spec.Template)
		endpoint := find[*monitoring.ServiceMonitor](t, objects).Spec.Endpoints[0]
		ports := find[*corev1.Service](t, objects).Spec.Ports
		i := slices.IndexFunc(ports, func(p corev1.ServicePort) bool { return p.Name == endpoint.Port })
		if i < 0 {
			t.Fatalf("%s: the Service has no port %q", dir, endpoint.Port)
		}
		body := `{"texts":[{"text":"Object detection with YOLO"}]}`
		response, err := http.Post("http://"+s.addr[8000]+"/predict", "application/json", strings.NewReader(body))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%v: %v", err, response)
		}
		response.Body.Close()
		code, exported := s.get(t, s.port(t, ports[i].TargetPort.StrVal, ports[i].TargetPort.IntVal), endpoint.Path)
		if code != http.StatusOK {
			t.Fatalf("%s: the metrics are a %d", dir, code)
		}
		for _, selector := range selectors {
			if !exports(exported, selector) {
				t.Errorf("%s: the service does not export %s{%s}", dir, selector.name, strings.Join(selector.labels, ","))
			}
		}
	}
	if asked == 0 {
		t.Error("no autoscaler asks for a metric")
	}
}

// A selector is a metric with labels, as name="value".
type selector struct {
	name   string
	labels []string
}

// ofPrometheus are the labels that Prometheus adds to what the service exports.
var ofPrometheus = []string{"namespace", "service", "pod", "job", "instance", "endpoint", "container"}

// query matches the selectors of a query of Prometheus.
var query = regexp.MustCompile(`([a-z][a-z_:]*)\{([^}]*)\}`)

// metrics returns what the autoscalers among objects ask Prometheus for.
func metrics(objects []runtime.Object) []selector {
	var selectors []selector
	for _, object := range objects {
		switch o := object.(type) {
		case *autoscaling.HorizontalPodAutoscaler:
			for _, metric := range o.Spec.Metrics {
				if metric.Pods != nil {
					selectors = append(selectors, selector{name: metric.Pods.Metric.Name})
				}
			}
		case *unstructured.Unstructured:
			triggers, _, _ := unstructured.NestedSlice(o.Object, "spec", "triggers") // a ScaledObject's
			for _, trigger := range triggers {
				text, _, _ := unstructured.NestedString(trigger.(map[string]any), "metadata", "query")
				for _, found := range query.FindAllStringSubmatch(text, -1) {
					s := selector{name: found[1]}
					for label := range strings.SplitSeq(found[2], ",") {
						label = strings.TrimSpace(label)
						if name, _, _ := strings.Cut(label, "="); !slices.Contains(ofPrometheus, name) {
							s.labels = append(s.labels, label)
						}
					}
					selectors = append(selectors, s)
				}
			}
		}
	}
	return selectors
}

// exports reports whether one line of what is exported is what a selector selects.
func exports(exported []byte, s selector) bool {
	for line := range bytes.Lines(exported) {
		name, rest, _ := bytes.Cut(line, []byte("{"))
		name, _, _ = bytes.Cut(name, []byte(" "))
		if string(name) == s.name && !slices.ContainsFunc(s.labels, func(label string) bool { return !bytes.Contains(rest, []byte(label)) }) {
			return true
		}
	}
	return false
}
