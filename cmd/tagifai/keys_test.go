package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A key is made, used, listed and revoked, and its secret is nowhere but where it was
// printed.
func TestKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.yaml")
	var said strings.Builder
	keys := func(args ...string) outcome {
		t.Helper()
		got := tagifai(t, "", append([]string{"keys", "--keys-file", file}, args...)...)
		said.WriteString(got.stderr)
		return got
	}
	made := keys("new", "--id", "website", "--actions", "predict,read", "--for", "def*", "--expires", "90d")
	if made.code != success || !regexp.MustCompile(`^tagifai_[a-z2-7]{52}\n$`).MatchString(made.stdout) ||
		!regexp.MustCompile(`^key website is in .*keys.yaml: it allows predict, read, its models are def\*, it expires 20.*Z\n$`).MatchString(made.stderr) {
		t.Fatalf("got %+v", made)
	}
	secret := strings.TrimSpace(made.stdout)
	if got := keys("new", "--actions", "batch"); got.code != success || !strings.Contains(got.stderr, "its models are all, it expires never") {
		t.Errorf("got %+v", got)
	}
	list := succeed(t, "", "keys", "--keys-file", file, "list")
	for _, want := range []string{"ID", "website", "predict, read", "def*", "batch", "never"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %s:\n%s", want, list)
		}
	}

	s := startServe(t, "--keys-file", file, "--admin-addr", "127.0.0.1:0")
	status := func(addr, path, key string) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, "http://"+addr+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-API-Key", key)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for _, test := range []struct {
		addr, path, key string
		want            int
	}{
		{s.addr, "/args", secret, 200},
		{s.addr, "/args", "", 401},
		{s.addr, "/readyz", "", 200},
		{s.admin, "/metrics", "", 401},
		{s.admin, "/metrics", secret, 403}, // it is for one model
		{s.admin, "/debug/pprof/heap", secret, 403},
	} {
		if got := status(test.addr, test.path, test.key); got != test.want {
			t.Errorf("%s with %q: got %d, want %d", test.path, test.key, got, test.want)
		}
	}
	if got := keys("revoke", "website"); got.code != success || got.stderr != "key website is revoked\n" {
		t.Errorf("got %+v", got)
	}
	for deadline := time.Now().Add(10 * time.Second); status(s.addr, "/args", secret) != 401; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a revoked key still counts")
		}
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	said.Write(text)
	said.WriteString(list + succeed(t, "", "serve", "--keys-file", file, "--print-config"))
	if strings.Contains(said.String(), secret) {
		t.Errorf("the secret is in %s", &said)
	}
}

func TestKeysMisuse(t *testing.T) {
	good := write(t, "keys.yaml", "")
	tests := []struct {
		name string
		args []string
		code int
		part string
	}{
		{"no file", []string{"list"}, misuse, "--keys-file"},
		{"no actions", []string{"--keys-file", good, "new"}, misuse, "--actions"},
		{"an unknown action", []string{"--keys-file", good, "new", "--actions", "write"}, misuse, `"write" is not an action; give predict, explain, read, batch, admin`},
		{"a bad pattern", []string{"--keys-file", good, "new", "--actions", "read", "--for", "[a"}, misuse, `"[a" is not a pattern of names`},
		{"a bad id", []string{"--keys-file", good, "new", "--actions", "read", "--id", "a:b"}, misuse, `"a:b" cannot be an id`},
		{"no time", []string{"--keys-file", good, "new", "--actions", "read", "--expires", "soon"}, misuse, `"soon" is not a time`},
		{"no days", []string{"--keys-file", good, "new", "--actions", "read", "--expires=-3d"}, misuse, `"-3d" is not a time`},
		{"a time that is over", []string{"--keys-file", good, "new", "--actions", "read", "--expires", "2020-01-01T00:00:00Z"}, misuse, `is not in the future`},
		{"no such key", []string{"--keys-file", good, "revoke", "a"}, failure, `there is no key "a"`},
		{"no such file", []string{"--keys-file", good + ".absent", "list"}, failure, "no such file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := tagifai(t, "", append([]string{"keys"}, test.args...)...)
			if got.code != test.code || got.stdout != "" || !strings.Contains(got.stderr, test.part) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("got %+v", got)
			}
		})
	}
}
