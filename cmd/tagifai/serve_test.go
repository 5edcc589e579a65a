package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

// A serving is a service that a test has started.
type serving struct {
	addr, admin string
	log         chan logLine
}

// startServe starts the service on free ports until the test ends.
func startServe(t *testing.T, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stderr, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0", "--drain-delay", "0s"}, args...), strings.NewReader(""), io.Discard, w)
		_ = w.Close()
		ended <- code
	}()
	s := &serving{log: make(chan logLine, 1000)}
	started := make(chan logLine, 1) // so that what is logged before it is left to the test
	go func() {
		defer close(s.log)
		defer close(started)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line logLine
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Errorf("the log is not JSON: %v in %q", err, lines.Text())
			}
			if line.Message == "serving" {
				started <- line
				continue
			}
			s.log <- line
		}
	}()
	t.Cleanup(func() {
		cancel()
		if diff := cmp.Diff(<-ended, success); diff != "" {
			t.Error(diff)
		}
	})
	select {
	case line, ok := <-started:
		if !ok {
			t.Fatal("the service ended before it served")
		}
		s.addr, s.admin = line.Addr, line.Admin
	case <-time.After(10 * time.Second):
		t.Fatal("the service does not start")
	}
	return s
}

// logged waits for a line of the log with this message.
func (s *serving) logged(t *testing.T, message string) logLine {
	t.Helper()
	for {
		select {
		case line, ok := <-s.log:
			if !ok {
				t.Fatalf("nothing was logged with the message %q", message)
			}
			if line.Message == message {
				return line
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nothing is logged with the message %q", message)
		}
	}
}

// Every flag of serve does what it says.
func TestServeFlags(t *testing.T) {
	addr := startServe(t, "--max-body-bytes", "100", "--max-texts", "2", "--max-text-length", "5", "--max-header-bytes", "1000",
		"--root-path", "/tagger", "--trusted-proxies", "10.0.0.0/8,127.0.0.1", "--cors-origins", "https://a.example,https://b.example").addr
	tests := []struct {
		name, method, path, body string
		header, value            string // of the request
		status                   int
		want                     string // in the header or body of the answer
	}{
		{"fine", "POST", "/predict", `{"texts":[{"text":"12345"}]}`, "", "", 200, `"url":"http://` + addr + `/tagger/predict"`},
		{"body", "POST", "/predict", strings.Repeat(" ", 101), "", "", 413, "Request Entity Too Large"},
		{"texts", "POST", "/predict", `{"texts":[{},{},{}]}`, "", "", 422, "at most 2 items"},
		{"length", "POST", "/predict", `{"texts":[{"text":"123456"}]}`, "", "", 422, "at most 5 characters"},
		{"header", "GET", "/", "", "X-Long", strings.Repeat("x", 20000), 431, "431 Request Header Fields Too Large"}, // net/http reads a few KiB more
		{"root path", "GET", "/args/", "", "", "", 307, "Location: /tagger/args\r\n"},
		{"trusted proxy", "GET", "/", "", "X-Forwarded-Proto", "https", 200, `"url":"https://` + addr + `/tagger/"`},
		{"origin", "GET", "/", "", "Origin", "https://b.example", 200, "Access-Control-Allow-Origin: https://b.example\r\n"},
	}
	client := http.Client{
		Transport:     new(http.Transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := http.NewRequest(test.method, "http://"+addr+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.header != "" {
				r.Header.Set(test.header, test.value)
			}
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var got strings.Builder
			_ = response.Header.Write(&got) // a Builder takes everything
			if _, err := io.Copy(&got, response.Body); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || !strings.Contains(got.String(), test.want) {
				t.Errorf("got %d, want %d with %s in %s", response.StatusCode, test.status, test.want, got.String())
			}
		})
	}
	client.CloseIdleConnections()
}

// Where nobody can ask for the profile of the memory, none is kept.
func TestMemoryProfile(t *testing.T) {
	rate := runtime.MemProfileRate
	t.Cleanup(func() { runtime.MemProfileRate = rate })
	const initial = 512 << 10 // as the runtime has it
	for _, test := range []struct {
		name string
		args []string
		want int
	}{
		{"without an admin listener", nil, 0},
		{"with one", []string{"--admin-addr", "127.0.0.1:0"}, initial},
	} {
		t.Run(test.name, func(t *testing.T) {
			runtime.MemProfileRate = initial
			s := startServe(t, test.args...)
			if got := runtime.MemProfileRate; got != test.want {
				t.Errorf("a sample in %d bytes, want %d", got, test.want)
			}
			if s.admin == "" {
				return
			}
			response, err := http.Get("http://" + s.admin + "/debug/pprof/heap?debug=1")
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			profile, err := io.ReadAll(response.Body)
			if want := fmt.Sprintf("@ heap/%d\n", 2*test.want); err != nil || !strings.Contains(string(profile), want) {
				t.Errorf("%v: no %q in %.200s", err, want, profile)
			}
		})
	}
}

// Each setting has its flag, and its default behind what it does.
func TestServeHelp(t *testing.T) {
	help := succeed(t, "", "serve", "--help")
	for line := range strings.Lines(succeed(t, "", "serve", "--print-config")) {
		name, _, _ := strings.Cut(line, ":")
		if !strings.Contains(help, "      --"+name) {
			t.Errorf("--%s is missing in\n%s", name, help)
		}
	}
	for _, part := range []string{"Bytes that a request body may have (8388608).", "TAGIFAI_MAX_TEXTS", "--config", "--print-config"} {
		if !strings.Contains(help, part) {
			t.Errorf("%q is missing in\n%s", part, help)
		}
	}
}

// Every source has its say, and none of them starts anything.
func TestServePrintConfig(t *testing.T) {
	file := write(t, "config.yaml", "max-texts: 5\nmax-queued: 6\nmax-in-flight: 7\nmodel: absent\n")
	t.Setenv("TAGIFAI_CONFIG", file)
	t.Setenv("TAGIFAI_MAX_QUEUED", "8")
	t.Setenv("TAGIFAI_MAX_IN_FLIGHT", "9")
	got := succeed(t, "", "serve", "--print-config", "--max-in-flight", "10", "--watch", "--log-probes=false", "--log-level=error", "--log-level", "warn",
		"--trusted-proxies", "10.0.0.1,10.0.0.2", "--trusted-proxies", "10.0.0.3")
	set := map[string]string{}
	for line := range strings.Lines(got) {
		if setting, origin, _ := strings.Cut(strings.TrimSpace(line), "# "); origin != "default" {
			set[strings.TrimSpace(setting)] = origin
		}
	}
	if diff := cmp.Diff(set, map[string]string{
		"max-texts: 5":      file + ":1",
		"max-queued: 8":     "environment TAGIFAI_MAX_QUEUED",
		"max-in-flight: 10": "flag --max-in-flight",
		`model: "absent"`:   file + ":4",
		"watch: true":       "flag --watch",
		"log-probes: false": "flag --log-probes",
		"log-level: warn":   "flag --log-level",
		`trusted-proxies: ["10.0.0.1", "10.0.0.2", "10.0.0.3"]`: "flag --trusted-proxies",
	}); diff != "" {
		t.Error(diff)
	}
}

// A wrong setting is a wrong usage wherever it comes from, also for --print-config, and
// no business of the other commands.
func TestServeRefuses(t *testing.T) {
	tests := []struct{ name, variable, value, want string }{
		{"environment", "TAGIFAI_MAX_TEXTS", "many", `max-texts: "many" (environment TAGIFAI_MAX_TEXTS) is not a whole number in plain digits; give one of at least 1`},
		{"unknown variable", "TAGIFAI_ADRR", ":9000", "environment: TAGIFAI_ADRR is not a setting; did you mean TAGIFAI_ADDR?"},
		{"file", "TAGIFAI_CONFIG", write(t, "config.yaml", "max-texts: 0"), `max-texts: "0" (FILE:1) is too small; give at least 1`},
		{"root path", "TAGIFAI_ROOT_PATH", "tagger", `root-path: "tagger" (environment TAGIFAI_ROOT_PATH) is not a path; give one such as /tagger, of letters, digits and -._~`},
		{"proxy", "TAGIFAI_TRUSTED_PROXIES", "::1,proxy", `trusted-proxies: "proxy" (environment TAGIFAI_TRUSTED_PROXIES) is not an address; give an IP address, or a network such as 10.0.0.0/8`},
		{"origin", "TAGIFAI_CORS_ORIGINS", "a", `cors-origins: "a" (environment TAGIFAI_CORS_ORIGINS) is not an origin; give one such as https://example.org, or * for all`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv(test.variable, test.value)
			want := outcome{misuse, "", "tagifai: " + strings.ReplaceAll(test.want, "FILE", test.value) + "\n"}
			for _, args := range [][]string{{"serve"}, {"serve", "--print-config"}} {
				if diff := cmp.Diff(fmt.Sprint(tagifai(t, "", args...)), fmt.Sprint(want)); diff != "" {
					t.Errorf("%q: %s", args, diff)
				}
			}
			succeed(t, "", "version")
		})
	}
}
