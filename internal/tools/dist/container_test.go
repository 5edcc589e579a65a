//go:build !race

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tagifai/internal/tools/process"
)

// contain runs the binary as the Dockerfile says, and with its user, where there is nothing
// but the binary, and nothing can be written to.
func contain(t *testing.T, binary string) {
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		t.Skipf("no file system of its own, which takes root on Linux: %v: %s", err, out)
	}
	dockerfile := read(t, "../../../Dockerfile")
	_, image, _ := strings.Cut(dockerfile, "\nFROM scratch\n")
	instruction := func(pattern string) string {
		t.Helper()
		match := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(image)
		if match == nil {
			t.Fatalf("the Dockerfile has no %s", pattern)
		}
		return match[1]
	}
	words := func(pattern string) (list []string) {
		t.Helper()
		if err := json.Unmarshal([]byte(instruction(pattern)), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	user, entrypoint := instruction(`USER (\d+:\d+)`), words(`ENTRYPOINT (\[.*\])`)

	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "tagifai"), []byte(read(t, binary)), 0o755); err != nil {
		t.Fatal(err)
	}
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) *exec.Cmd {
		const isolate = `root=$1 user=$2; shift 2; mount --bind "$root" "$root" && mount -o remount,ro,bind "$root" && exec chroot --userspec="$user" --groups= "$root" "$@"`
		cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"--mount", "sh", "-c", isolate, "sh", root, user}, args...)...)
		cmd.Env = []string{"TAGIFAI_ADDR=" + addr, "TAGIFAI_DRAIN_DELAY=0s", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
		return cmd
	}
	p, err := process.Start(t.Context(), command(append(entrypoint, words(`CMD (\[.*\])`)...)...))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	if err := p.WaitFor(t.Context(), "http://"+addr+"/readyz"); err != nil {
		t.Fatal(err)
	}
	status := read(t, fmt.Sprintf("/proc/%d/status", p.Pid()))
	uid, _, _ := strings.Cut(user, ":")
	for _, want := range []string{"\nUid:\t" + uid + "\t", "\nGroups:\t \n", "\nCapEff:\t0000000000000000\n"} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	response, err := http.Post("http://"+addr+"/predict", "application/json", strings.NewReader(`{"texts":[{"text":"Object detection with YOLO"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || !strings.Contains(body.String(), `"predicted_tag":"computer-vision"`) {
		t.Errorf("%v: %s", err, &body)
	}

	check := words(`HEALTHCHECK .* CMD (\[.*\])`)
	if out, err := command(check...).CombinedOutput(); err != nil || !strings.Contains(string(out), "is ready") {
		t.Errorf("the health check: %v: %s", err, out)
	}
	write := command(append(entrypoint, "batch", "--from", "-", "--from-format", "csv", "--to", "/out.csv")...)
	write.Stdin = strings.NewReader("text\nObject detection\n")
	if out, err := write.CombinedOutput(); err == nil || !strings.Contains(string(out), "read-only file system") {
		t.Errorf("it can write: %v: %s", err, out)
	}
	if code, err := p.Stop(15 * time.Second); err != nil || code != 0 {
		t.Errorf("it ended with exit code %d: %v", code, err)
	}
	if out, err := command(check...).CombinedOutput(); err == nil {
		t.Errorf("the health check of nothing: %s", out)
	}
}
