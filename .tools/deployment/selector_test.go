package deployment

import (
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// What one object says of another is there: every selector selects pods of a Deployment
// and none of a Job, and every autoscaler has a Deployment.
func TestSelectors(t *testing.T) {
	job := find[*batchv1.Job](t, build(t, root+"/overlays/batch")).Spec.Template.Labels
	for _, dir := range kustomizations(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			objects := build(t, dir)
			selects := func(what string, label *metav1.LabelSelector, want labels.Set) {
				t.Helper()
				s, err := metav1.LabelSelectorAsSelector(label)
				if err != nil {
					t.Fatal(err)
				}
				if !s.Matches(want) {
					t.Errorf("the %s selects %v and not %v", what, s, want)
				}
				if s.Matches(labels.Set(job)) {
					t.Errorf("the %s selects the pods of a Job: %v", what, s)
				}
			}
			for _, object := range objects {
				if d, ok := object.(*appsv1.Deployment); ok {
					selects("Deployment "+d.Name, d.Spec.Selector, d.Spec.Template.Labels)
					for _, other := range all[*appsv1.Deployment](objects) {
						if s, _ := metav1.LabelSelectorAsSelector(other.Spec.Selector); other != d && s.Matches(labels.Set(d.Spec.Template.Labels)) {
							t.Errorf("the Deployments %s and %s select the same pods", other.Name, d.Name)
						}
					}
				}
			}
			for _, d := range all[*appsv1.Deployment](objects) {
				pod := labels.Set(d.Spec.Template.Labels)
				for _, s := range all[*corev1.Service](objects) {
					selects("Service", &metav1.LabelSelector{MatchLabels: s.Spec.Selector}, pod)
					for _, m := range all[*monitoring.ServiceMonitor](objects) {
						selects("ServiceMonitor", &m.Spec.Selector, s.Labels)
					}
				}
				for _, p := range all[*policyv1.PodDisruptionBudget](objects) {
					selects("PodDisruptionBudget", p.Spec.Selector, pod)
				}
				for _, p := range all[*networking.NetworkPolicy](objects) {
					selects("NetworkPolicy", &p.Spec.PodSelector, pod)
				}
				for _, s := range d.Spec.Template.Spec.TopologySpreadConstraints {
					selects("topologySpreadConstraint", s.LabelSelector, pod)
				}
			}
			deployed := func(name string) bool {
				return slices.ContainsFunc(all[*appsv1.Deployment](objects), func(d *appsv1.Deployment) bool { return d.Name == name && d.Spec.Replicas == nil })
			}
			scaled := 0
			for _, h := range all[*autoscaling.HorizontalPodAutoscaler](objects) {
				scaled++
				if !deployed(h.Spec.ScaleTargetRef.Name) {
					t.Errorf("the autoscaler is for %s, which is not there or has a number of replicas", h.Spec.ScaleTargetRef.Name)
				}
			}
			for _, o := range all[*unstructured.Unstructured](objects) {
				if target, ok, _ := unstructured.NestedString(o.Object, "spec", "scaleTargetRef", "name"); ok {
					scaled++
					if !deployed(target) {
						t.Errorf("the ScaledObject is for %s, which is not there or has a number of replicas", target)
					}
				}
			}
			if scaled > 1 {
				t.Errorf("%d autoscalers contend", scaled)
			}
		})
	}
}

// all returns the objects of a type.
func all[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// find returns the first object of a type.
func find[T runtime.Object](t *testing.T, objects []runtime.Object) T {
	t.Helper()
	found := all[T](objects)
	if len(found) == 0 {
		t.Fatalf("there is no %T", *new(T))
	}
	return found[0]
}

// The canary differs from the present release by its image and its track alone.
func TestCanary(t *testing.T) {
	var images []string
	var templates []corev1.PodTemplateSpec
	for _, d := range all[*appsv1.Deployment](build(t, root+"/overlays/canary")) {
		pod := d.Spec.Template
		images = append(images, pod.Spec.Containers[0].Image)
		pod.Spec.Containers[0].Image = ""
		delete(pod.Labels, "track")
		templates = append(templates, pod)
	}
	if len(templates) != 2 || !reflect.DeepEqual(templates[0], templates[1]) {
		t.Errorf("%d Deployments, want two whose pods are alike", len(templates))
	}
	if slices.Sort(images); !slices.Equal(images, []string{"tagifai", "tagifai:next"}) {
		t.Errorf("the images are %q", images)
	}
}
