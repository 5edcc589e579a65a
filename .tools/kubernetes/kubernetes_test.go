package kubernetes

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
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
	dir, err := os.MkdirTemp("", "tagifai-kubernetes-")
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
	for _, pattern := range []string{"*", "*/*"} {
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
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, text)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// apis are those whose objects the manifests may have.
var apis = []func(*runtime.Scheme) error{batchv1.AddToScheme}

// pods returns the template of each pod that an object starts.
func pods(object runtime.Object) []*corev1.PodTemplateSpec {
	if job, ok := object.(*batchv1.Job); ok {
		return []*corev1.PodTemplateSpec{&job.Spec.Template}
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
				for _, pod := range pods(object) {
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
				for _, pod := range pods(object) {
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
	for _, v := range c.Env {
		used := slices.ContainsFunc(c.Args, func(arg string) bool { return strings.Contains(arg, "$("+v.Name+")") })
		// PostgreSQL's own variables: TestKubernetesJob of internal/batch connects by them.
		if !used && !slices.Contains([]string{"PGPASSWORD", "PGSSLMODE"}, v.Name) {
			t.Errorf("container %s does not use the variable %s", c.Name, v.Name)
		}
	}
}

// flags returns the names of the flags that a help lists.
func flags(help []byte) []string {
	return regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(string(help), -1)
}

// copied returns a copy of the kustomization of the Job in which one text is another.
func copied(t *testing.T, before, after string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"kustomization.yaml", "job.yaml"} {
		data, err := os.ReadFile(root + "/overlays/batch/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), bytes.ReplaceAll(data, []byte(before), []byte(after)), 0o600); err != nil {
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
		{"eight completions", copied(t, "completions: 4", "completions: 8"), "--shard=$(JOB_COMPLETION_INDEX)/8"},
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
	if _, err := decode(copied(t, "parallelism:", "parallelismus:")); err == nil || !strings.Contains(err.Error(), "parallelismus") {
		t.Errorf("got the error %v, want one about parallelismus", err)
	}
}
