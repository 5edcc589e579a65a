package deployment

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is the directory of the kustomizations.
const root = "../../configs/kubernetes"

// binary is tagifai, built by TestMain.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tagifai-deployment-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tagifai")
	build := exec.Command("go", "build", "-o", binary, "./cmd/tagifai")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	return m.Run()
}

// kustomizations are the directories that kubectl apply -k takes.
func kustomizations(t *testing.T) []string {
	t.Helper()
	var dirs []string
	for _, pattern := range []string{"*", "*/*"} { // those below these are parts of others
		files, err := filepath.Glob(filepath.Join(root, pattern, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			dirs = append(dirs, filepath.Dir(file))
		}
	}
	if len(dirs) == 0 {
		t.Fatal("there is no kustomization")
	}
	return dirs
}

// build returns what the kustomization in a directory makes.
func build(t *testing.T, dir string) []runtime.Object {
	t.Helper()
	objects, err := decode(dir)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// decode builds a kustomization and decodes it strictly: a field that the API does not
// have is an error.
func decode(dir string) ([]runtime.Object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	for _, add := range apis {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for _, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		var object runtime.Object
		if _, ok := definitions[resource.GetKind()]; ok {
			object, err = custom(resource.GetKind(), text)
		} else {
			object, _, err = decoder.Decode(text, nil, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, text)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// apis are those whose objects the manifests may have.
var apis = []func(*runtime.Scheme) error{
	appsv1.AddToScheme, autoscaling.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networking.AddToScheme, policyv1.AddToScheme,
	monitoring.AddToScheme,
}

// podOf returns the template of the pods that an object starts, nil if it starts none.
func podOf(object runtime.Object) *corev1.PodTemplateSpec {
	switch o := object.(type) {
	case *appsv1.Deployment:
		return &o.Spec.Template
	case *batchv1.Job:
		return &o.Spec.Template
	case *unstructured.Unstructured:
		if o.GetKind() != "InferenceService" {
			return nil
		}
		predictor, _, err := unstructured.NestedMap(o.Object, "spec", "predictor")
		if err != nil {
			panic(err) // the definition of the kind is not what it was
		}
		var pod corev1.PodTemplateSpec
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(predictor, &pod.Spec); err != nil {
			panic(err)
		}
		return &pod
	}
	return nil
}

// All pods meet the standard "restricted" of the newest version.
func TestRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range kustomizations(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for _, object := range build(t, dir) {
				if pod := podOf(object); pod != nil {
					level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
					for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
						if !result.Allowed {
							t.Errorf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail)
						}
					}
					if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
						t.Error("the pod gets a token of the API, which it does not need")
					}
					for _, c := range pod.Spec.Containers {
						if c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
							t.Errorf("container %s can write to its root", c.Name)
						}
					}
				}
			}
		})
	}
}

// Every flag and variable that a container is given is one that the binary knows.
func TestSettings(t *testing.T) {
	for _, dir := range kustomizations(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			for _, object := range build(t, dir) {
				if pod := podOf(object); pod != nil {
					for _, c := range pod.Spec.Containers {
						checkSettings(t, &c)
					}
				}
			}
		})
	}
}

func checkSettings(t *testing.T, c *corev1.Container) {
	t.Helper()
	if len(c.Args) == 0 {
		t.Fatalf("container %s has no subcommand", c.Name)
	}
	help, err := exec.Command(binary, c.Args[0], "--help").Output()
	if err != nil {
		t.Fatalf("tagifai %s: %v", c.Args[0], err)
	}
	for _, arg := range c.Args[1:] {
		if flag, _, _ := strings.Cut(arg, "="); strings.HasPrefix(flag, "--") && !slices.Contains(flags(help), flag) {
			t.Errorf("tagifai %s has no flag %s", c.Args[0], flag)
		}
	}
	read := "" // what the service prints of its settings, with where it has them from
	if c.Args[0] == "serve" {
		read = settings(t, c)
	}
	for _, v := range c.Env {
		used := slices.ContainsFunc(c.Args, func(arg string) bool { return strings.Contains(arg, "$("+v.Name+")") })
		if !used && !strings.Contains(read, "environment "+v.Name+"\n") && !slices.Contains(ofOthers, v.Name) {
			t.Errorf("container %s has no use for the variable %s", c.Name, v.Name)
		}
	}
}

// ofOthers are variables that others than tagifai read: PostgreSQL's client, as
// TestKubernetesJob of internal/batch shows, Go's runtime, and KServe.
var ofOthers = []string{"PGPASSWORD", "GOMAXPROCS", "STORAGE_URI"}

// flags returns the names of the flags that a help lists.
func flags(help []byte) []string {
	return regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(string(help), -1)
}

// copied returns a copy of the files of an overlay, without its base, in which one text is
// another.
func copied(t *testing.T, overlay, before, after string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(root, "overlays", overlay, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), before, after)
		text = strings.Replace(text, "  - ../../base\n", "", 1)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A Job has what its kind asks for, and as many shards as completions.
func TestJob(t *testing.T) {
	for _, c := range []struct{ name, dir, shard string }{
		{"batch", root + "/overlays/batch", "--shard=$(JOB_COMPLETION_INDEX)/4"},
		{"a model from a volume", root + "/overlays/batch-models", "--shard=$(JOB_COMPLETION_INDEX)/4"},
		{"eight completions", copied(t, "batch", "completions: 4", "completions: 8"), "--shard=$(JOB_COMPLETION_INDEX)/8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			objects := build(t, c.dir)
			i := slices.IndexFunc(objects, func(o runtime.Object) bool { _, ok := o.(*batchv1.Job); return ok })
			if i < 0 {
				t.Fatal("there is no Job")
			}
			spec := objects[i].(*batchv1.Job).Spec
			if got := spec.Template.Spec.Containers[0].Args; !slices.Contains(got, c.shard) {
				t.Errorf("the arguments are %q, want %s", got, c.shard)
			}
			if spec.CompletionMode == nil || *spec.CompletionMode != batchv1.IndexedCompletion {
				t.Error("the Job is not Indexed")
			}
			if got := spec.Template.Spec.RestartPolicy; got != corev1.RestartPolicyNever {
				t.Errorf("the restart policy is %s; backoffLimitPerIndex and podFailurePolicy want Never", got)
			}
			if spec.BackoffLimitPerIndex == nil || spec.TTLSecondsAfterFinished == nil {
				t.Error("the Job has no retries or no time to live")
			}
		})
	}
}

// What the API does not know is an error.
func TestStrict(t *testing.T) {
	for _, c := range []struct{ overlay, before, after string }{
		{"batch", "parallelism:", "parallelismus:"},
		{"keda", "pollingInterval:", "pollingIntervals:"},
		{"keda", "maxReplicaCount: 20", "maxReplicaCount: ten"},
		{"kserve", "minReplicas:", "minimumReplicas:"},
		{"kserve", "readinessProbe:", "readyProbe:"},
	} {
		t.Run(c.after, func(t *testing.T) {
			_, err := decode(copied(t, c.overlay, c.before, c.after))
			word, _, _ := strings.Cut(c.after, ":")
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("got the error %v, want one about %s", err, word)
			}
		})
	}
}
