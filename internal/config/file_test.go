package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/config"
)

// Each file of testdata/bad is refused with one line, in which FILE stands for its name.
func TestBadFile(t *testing.T) {
	tests := []struct{ name, want string }{
		{"addr-empty", `addr: "" (FILE:1) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"addr-with-a-port-too-large", `addr: ":65536" (FILE:1) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"addr-with-the-name-of-a-port", `addr: ":http" (FILE:1) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"addr-without-port", `addr: "localhost" (FILE:1) is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000`},
		{"admin-addr-taken", `admin-addr: "localhost:8000" (FILE:1) is taken by addr: ":8000" (default); give another port`},
		{"admin-addr-without-port", `admin-addr: "localhost" (FILE:1) is not an address; give HOST:PORT such as 127.0.0.1:9000, or leave it empty for none`},
		{"alias", `root-path: "*dir" (FILE:2) is an alias; write the value itself`},
		{"bool-in-quotes", `log-probes: "true" (FILE:1) is text; take the quotes off`},
		{"bool-is-a-number", `log-probes: "1" (FILE:1) is neither true nor false; give one of them`},
		{"bool-is-yes", `log-probes: "yes" (FILE:1) is neither true nor false; give one of them`},
		{"control-character", `FILE:1: "\x01" is not text in UTF-8; save the file as such`},
		{"duration-below-0", `drain-delay: "-1s" (FILE:1) is too small; give at least 0s`},
		{"duration-of-days", `read-timeout: "1d" (FILE:1) is not a duration; give one such as 500ms, 30s or 5m`},
		{"duration-too-small", `read-timeout: "0s" (FILE:1) is too small; give at least 1ms`},
		{"duration-without-unit", `read-timeout: "30" (FILE:1) has no unit; give a duration such as 500ms, 30s or 5m`},
		{"form-feed", `FILE:1: "\f" is not text in UTF-8; save the file as such`},
		{"no-character", `FILE: not YAML: control characters are not allowed (value: 65535); correct that line or the one before`},
		{"held-less-than-a-body", `max-held-bytes: 33554432 (default) is less than four times max-body-bytes: 67108864 (FILE:1), which such a body takes with its answer; raise the first or lower the second`},
		{"item-is-a-list", `trusted-proxies: "[…]" (FILE:1) is a list; give a single value`},
		{"item-is-a-number", `trusted-proxies: "5" (FILE:3) is not text in YAML; put it in quotes`},
		{"item-is-an-alias", `trusted-proxies: "*a" (FILE:1) is an alias; write the value itself`},
		{"item-is-null", `trusted-proxies: "" (FILE:3) is not a value; give one, or leave the line out for the default`},
		{"json-and-more", `FILE:1: not YAML: did not find expected <document start>; correct that line or the one before`},
		{"key-below-a-key", `FILE:1: max is not a setting; remove it, or see tagifai serve --help for its right name`},
		{"key-is-a-list", `FILE:1: the name of a setting is a word; write one such as addr`},
		{"key-is-null", `FILE:1: ~ is not a setting; remove it, or see tagifai serve --help for its right name`},
		{"key-twice", `FILE:3: max-texts is there twice, first in line 1; remove one`},
		{"latin-1", `FILE:2: "\xe9" is not text in UTF-8; save the file as such`},
		{"list-is-a-mapping", `trusted-proxies: "{…}" (FILE:1) is not a list; write its items in brackets, with commas between them`},
		{"list-is-null", `trusted-proxies: "" (FILE:1) is not a value; give one, or leave the line out for the default`},
		{"list-is-text", `trusted-proxies: "10.0.0.1" (FILE:1) is not a list; write its items in brackets, with commas between them`},
		{"list", `FILE:1: settings are lines such as max-texts: 100; write them so`},
		{"merge-key", `FILE:1: << is not a setting; remove it, or see tagifai serve --help for its right name`},
		{"no-value", `addr: "" (FILE:1) is not a value; give one, or leave the line out for the default`},
		{"null", `addr: "null" (FILE:1) is not a value; give one, or leave the line out for the default`},
		{"number-in-quotes", `max-texts: "5" (FILE:1) is text; take the quotes off`},
		{"number-is-a-fraction", `max-texts: "1.5" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"number-is-a-word", `max-texts: "many" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"number-is-an-exponent", `max-texts: "1e3" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"number-is-octal", `max-texts: "0777" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"number-of-65-bits-below-0", `max-held-bytes: "-18446744073709551616" (FILE:1) is too small; give at least 1`},
		{"number-of-65-bits", `max-held-bytes: "18446744073709551616" (FILE:1) is too large; give at most 9223372036854775807`},
		{"number-too-large", `max-header-bytes: "1073741825" (FILE:1) is too large; give at most 1073741824`},
		{"number-too-small", `max-texts: "0" (FILE:1) is too small; give at least 1`},
		{"number-with-a-unit", `max-body-bytes: "8M" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"number-with-underscores", `max-texts: "10_000" (FILE:1) is not a whole number in plain digits; give one of at least 1`},
		{"quote-without-an-end", `FILE:2: not YAML: found unexpected end of stream; correct that line or the one before`},
		{"read-shorter-than-its-header", `read-timeout: 3s (FILE:1) is shorter than read-header-timeout: 5s (default), which is a part of it; raise the first or lower the second`},
		{"syntax", `FILE:2: not YAML: mapping values are not allowed in this context; correct that line or the one before`},
		{"tab", `FILE:2: not YAML: found character that cannot start any token; correct that line or the one before`},
		{"text-is-a-date", `model: "2026-11-24" (FILE:1) is not text in YAML; put it in quotes`},
		{"text-is-a-list", `model: "[…]" (FILE:1) is a list; give a single value`},
		{"text-is-a-mapping", `model: "{…}" (FILE:1) is a mapping; give a single value`},
		{"text-is-a-number", `root-path: "5" (FILE:1) is not text in YAML; put it in quotes`},
		{"text-with-a-tag", `model: "YQ==" (FILE:1) has the tag !!binary; leave that out`},
		{"text", `FILE:1: settings are lines such as max-texts: 100; write them so`},
		{"two-documents", `FILE:2: a second document; put all settings into the first`},
		{"unknown-anchor", `FILE:1: not YAML: unknown anchor 'dir' referenced; correct that line or the one before`},
		{"unknown-key-in-capitals", `FILE:1: Addr is not a setting; did you mean addr?`},
		{"unknown-key-like-none", `FILE:1: colour is not a setting; remove it, or see tagifai serve --help for its right name`},
		{"unknown-key-of-odd-characters", `FILE:1: "a\nb: c" is not a setting; remove it, or see tagifai serve --help for its right name`},
		{"unknown-key-with-underscores", `FILE:1: max_texts is not a setting; did you mean max-texts?`},
		{"unknown-key", `FILE:3: max-text is not a setting; did you mean max-texts?`},
		{"utf-16", `FILE:1: "\xff" is not text in UTF-8; save the file as such`},
		{"watch-without-a-model", `watch: true (FILE:1) contradicts model: "" (default), as the embedded model never changes; name a directory or leave watch out`},
		{"word-is-empty", `log-level: "" (FILE:1) is none of its values; give debug, info, warn or error`},
		{"word-of-another-set", `log-level: "verbose" (FILE:1) is none of its values; give debug, info, warn or error`},
	}
	names := map[string]bool{}
	for _, test := range tests {
		names[test.name] = true
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join("testdata", "bad", test.name+".yaml")
			if diff := cmp.Diff(strings.ReplaceAll(refusal(t, config.Sources{File: &name}), name, "FILE"), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, name := range files(t, "bad") {
		if !names[name] {
			t.Errorf("testdata/bad/%s.yaml is not looked at", name)
		}
	}
}

// What a file sets, the rest being default.
func TestGoodFile(t *testing.T) {
	const five = "max-texts: 5\n"
	tests := map[string]string{
		"empty":           "",
		"comments":        "",
		"null":            "",
		"byte-order-mark": five,
		"crlf":            five,
		"document-marks":  five,
		"json":            five + "trusted-proxies: [\"10.0.0.1\"]\n",
		"all-kinds": `addr: ":9000"
model: "runs/first"
watch: true
` + five + `trusted-proxies: ["10.0.0.1", "::1"]
cors-origins: ["https://a.example", "https://b.example"]
read-timeout: 1m30s
drain-delay: 0
log-level: warn
`,
	}
	for _, name := range files(t, "good") {
		t.Run(name, func(t *testing.T) {
			want, ok := tests[name]
			if !ok {
				t.Fatal("it is not said what it sets")
			}
			file := filepath.Join("testdata", "good", name+".yaml")
			if diff := cmp.Diff(changed(t, config.Sources{File: &file}), want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	mebibyte := strings.Repeat("# large\n", 1<<17)
	load(t, new(config.Settings), config.Sources{File: fixture(t, mebibyte)})
	large := *fixture(t, mebibyte+"#")
	const give = "; give the name of a YAML file"
	tests := []struct{ name, file, want string }{
		{"missing", filepath.Join(dir, "absent"), "cannot be read: no such file or directory" + give},
		{"directory", dir, "cannot be read: is a directory" + give},
		{"empty name", "", "cannot be read: no such file or directory" + give},
		{"too large", large, "has more than 1048576 bytes" + give},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, from := range []struct {
				origin  string
				sources config.Sources
			}{
				{"flag --config", config.Sources{File: &test.file}},
				{"environment TAGIFAI_CONFIG", config.Sources{Environ: []string{"TAGIFAI_CONFIG=" + test.file}}},
			} {
				want := `config: "` + test.file + `" (` + from.origin + ") " + test.want
				if diff := cmp.Diff(refusal(t, from.sources), want); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// Whatever a file is, the answer is settings that survive being printed and read again,
// or one line.
func FuzzFile(f *testing.F) {
	for _, dir := range []string{"bad", "good"} {
		for _, name := range files(f, dir) {
			f.Add([]byte(read(f, filepath.Join("testdata", dir, name+".yaml"))))
		}
	}
	name := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second config.Settings
		sources := config.Sources{File: &name}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := config.Load(&first, sources)
		if err != nil {
			checkLine(t, err)
			return
		}
		var printed strings.Builder
		if err := loaded.Print(&printed); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(printed.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		load(t, &second, sources)
		if diff := cmp.Diff(second, first, networks); diff != "" {
			t.Error(diff)
		}
	})
}

// files returns the names in a directory of testdata, without their .yaml.
func files(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("testdata/%s: %d files, %v", dir, len(names), err)
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(filepath.Base(name), ".yaml")
	}
	return names
}
