package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tagifai/internal/config"
)

const allKinds = "testdata/good/all-kinds.yaml"

// A flag goes before the environment, that before the file, and that before the default.
func TestLoad(t *testing.T) {
	file := allKinds
	tests := []struct {
		name    string
		sources config.Sources
		want    string // the lines that are not as the file says
	}{
		{"file", config.Sources{}, ""},
		{"environment", config.Sources{Environ: []string{"TAGIFAI_MAX_TEXTS=6", "TAGIFAI_CORS_ORIGINS=*", "TAGIFAI_WATCH=false", "HOME=/"}},
			"watch: false # environment TAGIFAI_WATCH\nmax-texts: 6 # environment TAGIFAI_MAX_TEXTS\ncors-origins: [\"*\"] # environment TAGIFAI_CORS_ORIGINS\n"},
		{"flags", config.Sources{Flags: config.Flags{"max-texts": "7", "max-queue-wait": "1s"}},
			"max-texts: 7 # flag --max-texts\nmax-queue-wait: 1s # flag --max-queue-wait\n"},
		{"all", config.Sources{Environ: []string{"TAGIFAI_MAX_TEXTS=6", "TAGIFAI_LOG_LEVEL=error"}, Flags: config.Flags{"max-texts": "7"}},
			"max-texts: 7 # flag --max-texts\nlog-level: error # environment TAGIFAI_LOG_LEVEL\n"},
		{"empty values", config.Sources{Environ: []string{"TAGIFAI_MODEL=", "TAGIFAI_WATCH=false", "TAGIFAI_TRUSTED_PROXIES="}, Flags: config.Flags{"cors-origins": ""}},
			"model: \"\" # environment TAGIFAI_MODEL\nwatch: false # environment TAGIFAI_WATCH\ntrusted-proxies: [] # environment TAGIFAI_TRUSTED_PROXIES\ncors-origins: [] # flag --cors-origins\n"},
		{"spaces in a list", config.Sources{Flags: config.Flags{"trusted-proxies": "10.0.0.2, ::2"}},
			"trusted-proxies: [\"10.0.0.2\", \"::2\"] # flag --trusted-proxies\n"},
		{"file of the environment", config.Sources{Environ: []string{"TAGIFAI_CONFIG=" + file}}, ""},
		{"file of a flag and of the environment", config.Sources{File: &file, Environ: []string{"TAGIFAI_CONFIG=absent"}}, ""},
		{"Kubernetes", config.Sources{Environ: []string{
			"TAGIFAI_SERVICE_HOST=10.0.0.1", "TAGIFAI_SERVICE_PORT=8000", "TAGIFAI_SERVICE_PORT_HTTP=8000",
			"TAGIFAI_PORT=tcp://10.0.0.1:8000", "TAGIFAI_PORT_8000_TCP=tcp://10.0.0.1:8000", "TAGIFAI_PORT_8000_TCP_PROTO=tcp",
			"TAGIFAI_PORT_8000_TCP_PORT=8000", "TAGIFAI_PORT_8000_TCP_ADDR=10.0.0.1", "TAGIFAI_PORT_53_UDP_ADDR=10.0.0.1",
			"TAGIFAI_CANARY_SERVICE_HOST=10.0.0.1", "TAGIFAI_CANARY_SERVICE_PORT_HTTP=8000", "TAGIFAI_CANARY_PORT=tcp://10.0.0.1:8000",
			"TAGIFAI_CANARY_PORT_8000_TCP_ADDR=10.0.0.1"}}, ""},
	}
	before := strings.Split(printed(t, config.Sources{File: &file}), "\n")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.sources.File == nil && !strings.Contains(strings.Join(test.sources.Environ, " "), "TAGIFAI_CONFIG") {
				test.sources.File = &file
			}
			got := ""
			for line := range strings.Lines(printed(t, test.sources)) {
				if !slices.Contains(before, strings.TrimSuffix(line, "\n")) {
					got += line
				}
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A port that a platform names goes before the default address and behind all else.
func TestPort(t *testing.T) {
	file := filepath.Join(t.TempDir(), "addr.yaml")
	if err := os.WriteFile(file, []byte("addr: 127.0.0.1:9000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		sources config.Sources
		want    string
	}{
		{"none", config.Sources{}, ":8000"},
		{"PORT", config.Sources{Environ: []string{"PORT=8080"}}, ":8080"},
		{"AIP_HTTP_PORT before PORT", config.Sources{Environ: []string{"PORT=8080", "AIP_HTTP_PORT=8081"}}, ":8081"},
		{"empty", config.Sources{Environ: []string{"AIP_HTTP_PORT=", "PORT="}}, ":8000"},
		{"environment", config.Sources{Environ: []string{"PORT=8080", "TAGIFAI_ADDR=:9000"}}, ":9000"},
		{"file", config.Sources{File: &file, Environ: []string{"PORT=8080"}}, "127.0.0.1:9000"},
		{"flag", config.Sources{Environ: []string{"PORT=no port"}, Flags: config.Flags{"addr": ":9000"}}, ":9000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got config.Settings
			load(t, &got, test.sources)
			if got.Addr != test.want {
				t.Errorf("got %s, want %s", got.Addr, test.want)
			}
		})
	}
}

// Settings is what is read, not only what is printed.
func TestSettings(t *testing.T) {
	file := allKinds
	var got, want config.Settings
	load(t, &want, config.Sources{})
	want.Addr, want.Model, want.Watch, want.LogLevel = ":9000", "runs/first", true, "warn"
	want.MaxTexts, want.MaxBodyBytes = 6, 1000
	want.ReadTimeout, want.DrainDelay = 90*time.Second, 0
	want.TrustedProxies = []config.Network{{Prefix: netip.MustParsePrefix("10.0.0.1/32")}, {Prefix: netip.MustParsePrefix("::1/128")}}
	want.CORSOrigins = []config.Origin{"https://a.example", "https://b.example"}
	load(t, &got, config.Sources{File: &file, Environ: []string{"TAGIFAI_MAX_TEXTS=6"}, Flags: config.Flags{"max-body-bytes": "1000"}})
	if diff := cmp.Diff(got, want, networks); diff != "" {
		t.Error(diff)
	}
}

// networks compares settings that have networks in them.
var networks = cmpopts.EquateComparable(config.Network{})

// What the settings of a proxy may be.
func TestProxy(t *testing.T) {
	const (
		noPath    = "is not a path; give one such as /tagger, of letters, digits and -._~"
		noAddress = "is not an address; give an IP address, or a network such as 10.0.0.0/8"
		noName    = "is not a name; give one such as tagifai.internal, without a port"
		noOrigin  = "is not an origin; give one such as https://example.org, or * for all"
	)
	tests := []struct{ name, setting, text, want string }{
		{"a root path", "root-path", "/a/b", ""},
		{"a root path with a slash at its end", "root-path", "/a/b/", ""},
		{"the root as root path", "root-path", "/", ""},
		{"a root path without its slash", "root-path", "a", noPath},
		{"a root path like a host", "root-path", "//a", noPath},
		{"a root path with a space", "root-path", "/a b", noPath},
		{"a root path of dots", "root-path", "/a/../b", noPath},
		{"addresses and networks", "trusted-proxies", "::1,10.0.0.0/8,0.0.0.0/0", ""},
		{"an empty proxy", "trusted-proxies", ",::1", noAddress},
		{"a proxy's name", "trusted-proxies", "proxy", noAddress},
		{"a mask that is too long", "trusted-proxies", "10.0.0.0/33", noAddress},
		{"a network of IPv4 in IPv6", "trusted-proxies", "::ffff:10.0.0.0/104", noAddress},
		{"an address within a network", "trusted-proxies", "10.0.0.1/8", "is an address within a network; give 10.0.0.1 or 10.0.0.0/8"},
		{"a zone", "trusted-proxies", "fe80::1%eth0", noAddress},
		{"names of the admin listener", "admin-hosts", "a,tagifai.internal", ""},
		{"an admin host with a port", "admin-hosts", "b:80,a", noName},
		{"an empty admin host", "admin-hosts", ",a", noName},
		{"origins", "cors-origins", "https://a,http://localhost:3000,https://[::1]:80,*", ""},
		{"an origin with a path", "cors-origins", "https://a/", noOrigin},
		{"an origin of a star and more", "cors-origins", "https://*.a", noOrigin},
		{"an empty origin", "cors-origins", ",*", noOrigin},
		{"an origin of another scheme", "cors-origins", "ftp://a", noOrigin},
		{"an origin with a port too large", "cors-origins", "https://a:65536", noOrigin},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(new(config.Settings), config.Sources{Flags: config.Flags{test.setting: test.text}})
			got := ""
			if err != nil {
				checkLine(t, err)
				item, _, _ := strings.Cut(test.text, ",")
				got = strings.TrimPrefix(err.Error(), fmt.Sprintf("%s: %q (flag --%s) ", test.setting, item, test.setting))
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	var s config.Settings
	load(t, &s, config.Sources{Flags: config.Flags{"root-path": "/a/"}})
	if diff := cmp.Diff(s.RootPath, config.Path("/a")); diff != "" {
		t.Error(diff)
	}
}

func TestBadVariable(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		want    string
	}{
		{"unknown", []string{"TAGIFAI_MAX_TEXT=5"}, "environment: TAGIFAI_MAX_TEXT is not a setting; did you mean TAGIFAI_MAX_TEXTS?"},
		{"unknown, like none", []string{"TAGIFAI_COLOUR=blue"}, "environment: TAGIFAI_COLOUR is not a setting; remove it, or see tagifai serve --help for its right name"},
		{"unknown, in small letters", []string{"TAGIFAI_addr=:9000"}, "environment: TAGIFAI_addr is not a setting; did you mean TAGIFAI_ADDR?"},
		{"a port, not by Kubernetes", []string{"TAGIFAI_PORT=8000"}, "environment: TAGIFAI_PORT is not a setting; remove it, or see tagifai serve --help for its right name"},
		{"a value like a name of Kubernetes", []string{"TAGIFAI_ADRR=a_SERVICE_HOST=b"}, "environment: TAGIFAI_ADRR is not a setting; did you mean TAGIFAI_ADDR?"},
		{"nothing but the prefix", []string{"TAGIFAI_="}, "environment: TAGIFAI_ is not a setting; remove it, or see tagifai serve --help for its right name"},
		{"two, the first by name", []string{"TAGIFAI_WATCH=yes", "TAGIFAI_ADMIN=x"}, "environment: TAGIFAI_ADMIN is not a setting; remove it, or see tagifai serve --help for its right name"},
		{"number", []string{"TAGIFAI_MAX_TEXTS=many"}, `max-texts: "many" (environment TAGIFAI_MAX_TEXTS) is not a whole number in plain digits; give one of at least 1`},
		{"number, empty", []string{"TAGIFAI_MAX_TEXTS="}, `max-texts: "" (environment TAGIFAI_MAX_TEXTS) is not a whole number in plain digits; give one of at least 1`},
		{"bool", []string{"TAGIFAI_LOG_PROBES=1"}, `log-probes: "1" (environment TAGIFAI_LOG_PROBES) is neither true nor false; give one of them`},
		{"address, empty", []string{"TAGIFAI_ADDR="}, `addr: "" (environment TAGIFAI_ADDR) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"not UTF-8", []string{"TAGIFAI_MODEL=caf\xe9"}, `model: "caf\xe9" (environment TAGIFAI_MODEL) is not UTF-8; write it in UTF-8`},
		{"not UTF-8, a list", []string{"TAGIFAI_CORS_ORIGINS=*,\xe9"}, `cors-origins: "\xe9" (environment TAGIFAI_CORS_ORIGINS) is not UTF-8; write it in UTF-8`},
		{"port of a platform", []string{"PORT=eighty"}, `addr: ":eighty" (environment PORT) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"lines", []string{"TAGIFAI_LOG_LEVEL=a\nb"}, `log-level: "a\nb" (environment TAGIFAI_LOG_LEVEL) is none of its values; give debug, info, warn or error`},
		{"contradiction", []string{"TAGIFAI_MODEL=", "TAGIFAI_WATCH=true"}, `watch: true (environment TAGIFAI_WATCH) contradicts model: "" (environment TAGIFAI_MODEL), as the embedded model never changes; name a directory or leave watch out`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(refusal(t, config.Sources{Environ: test.environ}), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadFlag(t *testing.T) {
	tests := []struct {
		name  string
		flags config.Flags
		want  string
	}{
		{"number", config.Flags{"max-texts": "many"}, `max-texts: "many" (flag --max-texts) is not a whole number in plain digits; give one of at least 1`},
		{"too large", config.Flags{"max-body-bytes": "2000000000"}, `max-body-bytes: "2000000000" (flag --max-body-bytes) is too large; give at most 1073741824`},
		{"duration", config.Flags{"idle-timeout": "5"}, `idle-timeout: "5" (flag --idle-timeout) has no unit; give a duration such as 500ms, 30s or 5m`},
		{"duration, too small", config.Flags{"max-queue-wait": "1us"}, `max-queue-wait: "1us" (flag --max-queue-wait) is too small; give at least 1ms`},
		{"model, empty", config.Flags{"model": ""}, `model: "" (flag --model) is empty; leave the flag out for the embedded model`},
		{"admin address, the same", config.Flags{"addr": "127.0.0.1:80", "admin-addr": "127.0.0.1:80"}, `admin-addr: "127.0.0.1:80" (flag --admin-addr) is taken by addr: "127.0.0.1:80" (flag --addr); give another port`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(refusal(t, config.Sources{Flags: test.flags}), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What looks like a contradiction and is none.
func TestConsistent(t *testing.T) {
	for name, flags := range map[string]config.Flags{
		"two free ports":           {"addr": "127.0.0.1:0", "admin-addr": "127.0.0.1:0"},
		"one port of two hosts":    {"addr": "127.0.0.1:80", "admin-addr": "127.0.0.2:80"},
		"IPv6":                     {"addr": "[::1]:80", "admin-addr": "[::2]:80"},
		"a body that just fits":    {"max-body-bytes": "8388608"},
		"a header as long as both": {"read-timeout": "5s"},
		"a model to watch":         {"model": "runs/first", "watch": "true"},
		"the largest header":       {"max-header-bytes": "1073741824"},
		"no queue":                 {"max-queued": "0"},
		"no delay":                 {"drain-delay": "0s"},
	} {
		t.Run(name, func(t *testing.T) { load(t, new(config.Settings), config.Sources{Flags: flags}) })
	}
}

// refusal returns the error that these sources give.
func refusal(t *testing.T, from config.Sources) string {
	t.Helper()
	_, err := config.Load(new(config.Settings), from)
	checkLine(t, err)
	return err.Error()
}

// checkLine proves that err is an Error, in one line.
func checkLine(t testing.TB, err error) {
	t.Helper()
	if _, ok := errors.AsType[*config.Error](err); !ok || strings.ContainsAny(err.Error(), "\n\r") {
		t.Fatalf("no config.Error in one line: %#v", err)
	}
}

// printed returns the settings as they are printed, with single spaces before the
// comments.
func printed(t *testing.T, from config.Sources) string {
	t.Helper()
	var b strings.Builder
	if err := load(t, new(config.Settings), from).Print(&b); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for line := range strings.Lines(b.String()) {
		setting, comment, _ := strings.Cut(line, "# ")
		lines.WriteString(strings.TrimRight(setting, " ") + " # " + comment)
	}
	return lines.String()
}

// changed returns the settings that are not default, without their origins.
func changed(t *testing.T, from config.Sources) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(printed(t, from)) {
		if setting, comment, _ := strings.Cut(line, " # "); comment != "default\n" {
			b.WriteString(setting + "\n")
		}
	}
	return b.String()
}
