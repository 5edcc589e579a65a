package auth_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tagifai/internal/auth"
)

func fixture(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return name
}

var (
	sumA = strings.Repeat("a1", 32)
	sumB = strings.Repeat("b2", 32)
	keyA = "- id: a\n  sha256: " + sumA + "\n  actions: [read]\n"
	keyB = "- id: b\n  sha256: " + sumB + "\n  actions: [read]\n"
)

func TestReadKeys(t *testing.T) {
	name := fixture(t, "# Keys.\n"+keyA+`
- {id: "b@x.y", sha256: "`+strings.ToUpper(sumB)+`", actions: [predict, explain, read, batch, admin],
   models: ["tagger*", other], expires: 2027-01-31}
- id: "123"
  sha256: `+strings.Repeat("12", 32)+`
  actions:
    - predict
  expires: 2027-01-31T10:00:00+02:00
`)
	got, err := auth.ReadKeys(name)
	if err != nil {
		t.Fatal(err)
	}
	repeat := func(b byte) (sum [32]byte) {
		for i := range sum {
			sum[i] = b
		}
		return sum
	}
	want := []auth.Key{
		{ID: "a", SHA256: repeat(0xa1), Actions: auth.Read},
		{
			ID: "b@x.y", SHA256: repeat(0xb2), Actions: auth.Predict | auth.Explain | auth.Read | auth.Batch | auth.Admin,
			Models: []string{"tagger*", "other"}, Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC),
		},
		{ID: "123", SHA256: repeat(0x12), Actions: auth.Predict, Expires: time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(got, want, cmpopts.IgnoreUnexported(auth.Key{})); diff != "" {
		t.Error(diff)
	}
	for _, empty := range []string{"", "# nothing yet\n", "[]\n", "null\n", "---\n"} {
		if keys, err := auth.ReadKeys(fixture(t, empty)); err != nil || len(keys) != 0 {
			t.Errorf("%q: got %v, %v", empty, keys, err)
		}
	}
}

func TestReadKeysRefuses(t *testing.T) {
	key := func(lines string) string { return "- id: a\n" + lines }
	sum := "  sha256: " + sumA + "\n"
	tests := []struct{ name, text, want string }{
		{"a mapping", "keys: []\n", ":1: keys are a list"},
		{"a word", "keys\n", ":1: keys are a list"},
		{"a list of words", "- a\n", ":1: a key is lines"},
		{"no YAML", keyA + "- id: [\n", ":5: not YAML: "},
		{"two documents", keyA + "---\n" + keyB, ":4: a second document"},
		{"no id", "- sha256: " + sumA + "\n  actions: [read]\n", ":1: the key has no id"},
		{"no sha256", key("  actions: [read]\n"), ":1: the key has no sha256"},
		{"no actions", key(sum), ":1: the key has no actions"},
		{"an unknown field", keyA + "  action: [read]\n", `:4: "action": it is not a field of a key`},
		{"a field twice", keyA + "  id: b\n", `:4: "id" is there twice`},
		{"an id with a colon", "- id: jwt:ann\n", `:1: "id": "jwt:ann" cannot be an id`},
		{"an id of two lines", "- id: \"a\\nb\"\n", `:1: "id": "a\nb" cannot be an id`},
		{"an empty id", "- id: \"\"\n", `:1: "id": "" cannot be an id`},
		{"a null id", "- id:\n", `:1: "id": it is not a plain value`},
		{"an id that is a list", "- id: [a]\n", `:1: "id": it is not a plain value`},
		{"an alias", "- id: &a a\n  sha256: *a\n", `:2: "sha256": it is not a plain value`},
		{"a tag", "- id: !!str a\n", `:1: "id": it is not a plain value`},
		{"a short sha256", key("  sha256: " + sumA[1:] + "\n"), `:2: "sha256": it has 63 characters`},
		{"another sha256", key("  sha256: " + sumA[2:] + "zz\n"), `:2: "sha256": it has characters other than`},
		{"no list of actions", key(sum + "  actions: read\n"), `:3: "actions": it is not a list`},
		{"no action", key(sum + "  actions: []\n"), `:3: "actions": it has 0 items; give 1 to 5`},
		{"an unknown action", key(sum + "  actions: [read, write]\n"), `:3: "actions": "write" is not an action; give predict, explain, read, batch, admin`},
		{"no models", keyA + "  models: []\n", `:4: "models": it has 0 items; give 1 to 100`},
		{"a bad pattern", keyA + "  models: ['[a']\n", `:4: "models": "[a" is not a pattern`},
		{"too many models", keyA + "  models: [" + strings.Repeat("a, ", 101) + "]\n", `:4: "models": it has 101 items`},
		{"no time", keyA + "  expires: soon\n", `:4: "expires": "soon" is not a time`},
		{"the same id", keyA + keyB + "- id: a\n  sha256: " + strings.Repeat("c3", 32) + "\n  actions: [read]\n", `:7: the id "a" is that of line 1, too`},
		{"the same sha256", keyA + "- id: b\n" + sum + "  actions: [read]\n", `:4: the sha256 is that of line 1, too`},
		{"too many keys", strings.Repeat("- {}\n", 10_001), `: there are 10001 keys, more than 10000`},
		{"too large", "#" + strings.Repeat("a", 4<<20), " has more than 4194304 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := fixture(t, test.text)
			_, err := auth.ReadKeys(name)
			if err == nil || !strings.HasPrefix(err.Error(), name+test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("a directory", func(t *testing.T) {
		if _, err := auth.ReadKeys(t.TempDir()); err == nil {
			t.Error("it was read")
		}
	})
	t.Run("a secret in the place of its hash", func(t *testing.T) {
		secret, _ := auth.NewSecret()
		if _, err := auth.ReadKeys(fixture(t, key("  sha256: "+secret+"\n"))); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v", err)
		}
	})
}

// A key is added to what is there, and taken out of it, and the rest stays as it is.
func TestAddAndRevoke(t *testing.T) {
	const comment = "# Kept.\n"
	tests := []struct {
		name, before string
		want         string // after adding c
		revoked      string // after revoking a
	}{
		{"an empty file", "", "C", ""},
		{"a comment", comment, comment + "C", ""},
		{"another key", comment + keyA, comment + keyA + "C", comment + "C"},
		{"no end of the last line", strings.TrimSuffix(keyA, "\n"), keyA + "C", "C"},
		{"two keys and comments", keyA + "# b\n" + keyB + comment, keyA + "# b\n" + keyB + comment + "C", "# b\n" + keyB + comment + "C"},
	}
	_, sum := auth.NewSecret()
	added := auth.Key{ID: "c", SHA256: sum, Actions: auth.Read | auth.Predict, Models: []string{"tagger*"}, Expires: time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC)}
	text := fmt.Sprintf("- id: \"c\"\n  sha256: \"%x\"\n  actions: [predict, read]\n  models: [\"tagger*\"]\n  expires: 2027-01-31T08:00:00Z\n", sum)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			name := fixture(t, test.before)
			check := func(want string) {
				t.Helper()
				got, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(got), strings.Replace(want, "C", text, 1)); diff != "" {
					t.Error(diff)
				}
			}
			if err := auth.AddKey(name, added); err != nil {
				t.Fatal(err)
			}
			check(test.want)
			keys, err := auth.ReadKeys(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(keys[len(keys)-1], added, cmpopts.IgnoreUnexported(auth.Key{})); diff != "" {
				t.Error(diff)
			}
			if err := auth.AddKey(name, added); err == nil || !strings.Contains(err.Error(), `there is a key "c" already`) {
				t.Errorf("once more: got %v", err)
			}
			if test.revoked == "" {
				return
			}
			if err := auth.RevokeKey(name, "a"); err != nil {
				t.Fatal(err)
			}
			check(test.revoked)
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("got %v, %v", info.Mode(), err)
			}
		})
	}
	for name, text := range map[string]string{"a list in brackets": "[{id: a, sha256: " + sumA + ", actions: [read]}]\n", "an indented list": strings.ReplaceAll("  "+strings.TrimSpace(keyA), "\n", "\n  ") + "\n"} {
		t.Run(name, func(t *testing.T) {
			file := fixture(t, text)
			if err := auth.AddKey(file, added); err == nil || !strings.Contains(err.Error(), "add the key by hand") {
				t.Errorf("got %v", err)
			}
			if got, err := os.ReadFile(file); err != nil || string(got) != text {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	t.Run("two keys on a line", func(t *testing.T) {
		file := fixture(t, "[{id: a, sha256: "+sumA+", actions: [read]}, {id: b, sha256: "+sumB+", actions: [read]}]\n")
		if err := auth.RevokeKey(file, "a"); err == nil || !strings.Contains(err.Error(), "remove it by hand") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a link", func(t *testing.T) {
		file := fixture(t, keyA)
		link := file + ".link"
		if err := os.Symlink(file, link); err != nil {
			t.Fatal(err)
		}
		if err := auth.RevokeKey(link, "a"); err == nil || !strings.Contains(err.Error(), "is a link") {
			t.Errorf("got %v", err)
		}
	})
}

// Keys that are added at once are all there.
func TestAddAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "keys.yaml")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, sum := auth.NewSecret()
			if err := auth.AddKey(name, auth.Key{ID: fmt.Sprintf("key-%d", i), SHA256: sum, Actions: auth.Read}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if keys, err := auth.ReadKeys(name); err != nil || len(keys) != 20 {
		t.Errorf("got %d keys, %v", len(keys), err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

// Whatever a keys file is, the answer is keys or one line.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(keyA + keyB))
	f.Add([]byte(keyA + "  models: ['tag*']\n  expires: 2027-01-31\n"))
	f.Add([]byte("- &a {id: a}\n- *a\n"))
	name := filepath.Join(f.TempDir(), "keys.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := auth.ReadKeys(name)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q", err)
			}
			return
		}
		for _, k := range keys {
			if auth.CheckID(k.ID) != nil || k.Actions == 0 || k.SHA256 == [32]byte{} && !strings.Contains(string(data), "000") {
				t.Errorf("got %+v", k)
			}
		}
	})
}
