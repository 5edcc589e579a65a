package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tagifai/internal/store"
)

func TestAliasesStrict(t *testing.T) {
	tests := []struct{ name, text, part string }{
		{"empty", ``, "EOF"},
		{"cut short", `{"aliases": {"stable": 1`, "EOF"},
		{"unknown key", `{"alias": {"stable": 1}}`, "alias"},
		{"key in capitals", `{"Aliases": {"stable": 1}}`, "Aliases"},
		{"key twice", `{"aliases": {"stable": 1, "stable": 2}}`, "stable"},
		{"more follows", `{} {}`, "after top-level value"},
		{"version as text", `{"aliases": {"stable": "1"}}`, "stable"},
		{"version a fraction", `{"aliases": {"stable": 1.5}}`, "stable"},
		{"version 0", `{"aliases": {"stable": 0}}`, "stable: 0 cannot be a version"},
		{"version null", `{"aliases": {"stable": null}}`, "stable: 0 cannot be a version"},
		{"version below 0", `{"aliases": {"stable": -1}}`, "-1 cannot be a version"},
		{"version too large", `{"aliases": {"stable": 1000000000}}`, "1000000000 cannot be a version"},
		{"alias a number", `{"aliases": {"3": 1}}`, `"3" cannot be an alias`},
		{"alias the canary", `{"aliases": {"canary": 1}}`, "setting of its own"},
		{"alias with a slash", `{"aliases": {"a/b": 1}}`, `"a/b" cannot be an alias`},
		{"canary without a version", `{"canary": {"percent": 10}}`, "canary: 0 cannot be a version"},
		{"canary of too many", `{"canary": {"version": 1, "percent": 101}}`, "share of 101 percent"},
		{"canary of fewer than none", `{"canary": {"version": 1, "percent": -1}}`, "share of -1 percent"},
		{"shadow of a percent", `{"shadow": {"version": 1, "percent": 1}}`, "percent"},
		{"history without a time", `{"history": [{"time": "yesterday", "by": "x", "what": "stable"}]}`, "yesterday"},
		{"history of nothing", `{"history": [{"time": "2026-01-01T00:00:00Z", "by": "x", "what": "", "to": 1}]}`, "history[0]"},
		{"history from nowhere", `{"history": [{"time": "2026-01-01T00:00:00Z", "by": "x", "what": "stable", "from": -4}]}`, "history[0]: -4"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := filled(t, 1)
			put(t, s.AliasesFile("m"), test.text)
			_, err := s.Aliases("m")
			refused(t, err, store.ErrRefused, "aliases.json: ", test.part)
			_, err = s.Move(t.Context(), "m", store.Stable, 1, "tester")
			refused(t, err, store.ErrRefused, "aliases.json: ", test.part)
			if data, err := os.ReadFile(s.AliasesFile("m")); err != nil || string(data) != test.text {
				t.Errorf("the file was changed to %q, %v", data, err)
			}
		})
	}
}

// What a person writes by hand is read, and stays when something else moves.
func TestAliasesByHand(t *testing.T) {
	s := filled(t, 3)
	put(t, s.AliasesFile("m"), `{"aliases": {"stable": 1, "Next": 2}, "canary": {"version": 2, "percent": 0.5}, "shadow": {"version": 3}}`)
	move(t, s, store.Stable, 2)
	a, err := s.Aliases("m")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(a.Aliases, *a.Canary, *a.Shadow, len(a.History), a.History[0].From)
	if diff := cmp.Diff(got, "map[Next:2 stable:2] {2 0.5} {3} 1 1"); diff != "" {
		t.Error(diff)
	}
	revision, err := s.Revision("m")
	if err != nil || revision != a.Revision() {
		t.Errorf("revisions %q and %q: %v", revision, a.Revision(), err)
	}
	before := revision
	move(t, s, store.Stable, 1)
	if revision, err = s.Revision("m"); err != nil || revision == before {
		t.Errorf("the revision is still %q: %v", revision, err)
	}
}

func TestHostileAliases(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, file string)
		part string
	}{
		{"FIFO", func(t *testing.T, file string) { fifo(t, file) }, "not a regular file"},
		{"directory", func(t *testing.T, file string) {
			if err := os.Mkdir(file, 0o755); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file"},
		{"link to a FIFO", func(t *testing.T, file string) {
			fifo(t, filepath.Join(filepath.Dir(file), "pipe"))
			link(t, "pipe", file)
		}, "not a regular file"},
		{"device without an end", func(t *testing.T, file string) { link(t, "/dev/zero", file) }, "not a regular file"},
		{"giant", func(t *testing.T, file string) {
			put(t, file, "{")
			if err := os.Truncate(file, 1<<40); err != nil {
				t.Fatal(err)
			}
		}, "more than the 1048576 bytes"},
		{"deep", func(t *testing.T, file string) { put(t, file, strings.Repeat(`{"aliases":`, 90_000)) }, "aliases"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := filled(t, 1)
			test.make(t, s.AliasesFile("m"))
			_, err := s.Aliases("m")
			refused(t, err, store.ErrRefused, test.part)
			_, err = s.Move(t.Context(), "m", store.Stable, 1, "tester")
			refused(t, err, store.ErrRefused, test.part)
		})
	}
}

// A link to the aliases is read, as that of a ConfigMap, and never replaced by a file.
func TestLinkedAliases(t *testing.T) {
	s := filled(t, 2)
	put(t, filepath.Join(s.Dir(), "m", "elsewhere.json"), `{"aliases": {"stable": 1}}`)
	link(t, "elsewhere.json", s.AliasesFile("m"))
	a, err := s.Aliases("m")
	if err != nil || a.Aliases[store.Stable] != 1 {
		t.Fatalf("got %+v, %v", a, err)
	}
	_, err = s.Move(t.Context(), "m", store.Stable, 2, "tester")
	refused(t, err, store.ErrReadOnly, "is a link")
}

func TestAliasesElsewhere(t *testing.T) {
	one := filled(t, 2)
	dir := t.TempDir()
	s, err := store.Open(one.Dir(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	move(t, s, store.Stable, 2)
	if _, err := os.Stat(filepath.Join(dir, "m.json")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(one.AliasesFile("m")); err == nil {
		t.Error("the aliases are beside the versions too")
	}
	refused(t, s.Remove(t.Context(), "m", 2), store.ErrRefused, "stable is there")
}

// Steps are moves ("3"), rollbacks ("<"), moves by hand ("=3") and what is expected of
// each: the version after it, or "none" if there was nothing to go back to.
func TestRollback(t *testing.T) {
	tests := []struct {
		name, steps string
	}{
		{"back and back again", "1:1 2:2 3:3 <:2 <:1 <:none"},
		{"a move starts anew", "1:1 2:2 3:3 <:2 4:4 <:2 <:1 <:none"},
		{"back to the same twice", "1:1 2:2 1:1 2:2 <:1 <:2 <:1 <:none"},
		{"no move", "1:1 1:1 2:2 2:2 <:1 <:none"},
		{"nothing", "<:none"},
		{"by hand", "1:1 2:2 =4:4 <:2 <:1"},
		{"by hand between", "1:1 =4:4 2:2 <:4 <:1"},
		{"by hand alone", "=4:4 <:none"},
		{"back and by hand", "1:1 2:2 <:1 =3:3 <:1 <:none"},
		{"off and back", "1:1 2:2 off:0 <:2 <:1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := filled(t, 4)
			for _, step := range strings.Fields(test.steps) {
				what, want, _ := strings.Cut(step, ":")
				var err error
				switch {
				case what == "<":
					_, err = s.Rollback(t.Context(), "m", "next", "tester")
				case what == "off":
					_, err = s.Unalias(t.Context(), "m", "next", "tester")
				case what[0] == '=':
					a, err := s.Aliases("m")
					if err != nil {
						t.Fatal(err)
					}
					text := fmt.Sprintf(`"next": %d`, a.Aliases["next"])
					data, err := os.ReadFile(s.AliasesFile("m"))
					if err != nil {
						data = []byte("{\"aliases\": {" + text + "}}")
					}
					put(t, s.AliasesFile("m"), strings.Replace(string(data), text, `"next": `+what[1:], 1))
				default:
					var version int
					if version, err = store.ParseVersion(what); err == nil {
						move(t, s, "next", version)
					}
				}
				a, readErr := s.Aliases("m")
				if readErr != nil {
					t.Fatal(readErr)
				}
				got := fmt.Sprint(a.Aliases["next"])
				if err != nil {
					got = "none"
				}
				if got != want {
					t.Fatalf("after %s: got %s, want %s; %v\nhistory: %+v", step, got, want, err, a.History)
				}
			}
		})
	}
}

// The history keeps the last hundred moves, which a rollback can go through.
func TestHistoryEnds(t *testing.T) {
	s := filled(t, 2)
	for i := range 130 {
		move(t, s, store.Stable, 1+i%2)
	}
	a, err := s.Aliases("m")
	if err != nil || len(a.History) != 100 {
		t.Fatalf("%d moves: %v", len(a.History), err)
	}
	for range 20 {
		was := a.Aliases[store.Stable]
		if a, err = s.Rollback(t.Context(), "m", store.Stable, strings.Repeat("x\xff", 500)); err != nil || a.Aliases[store.Stable] == was {
			t.Fatalf("still at %d: %v", was, err)
		}
	}
	if by := a.History[99].By; len(by) > 600 || !strings.HasPrefix(by, "x?x?") {
		t.Errorf("by %q", by)
	}
}

func TestRemove(t *testing.T) {
	s := filled(t, 6)
	move(t, s, store.Stable, 1)
	move(t, s, store.Stable, 2)
	for what, set := range map[string]func() error{
		"alias": func() error { _, err := s.Move(t.Context(), "m", "next", 3, "tester"); return err },
		"canary": func() error {
			_, err := s.SetCanary(t.Context(), "m", &store.Canary{Version: 4, Percent: 5}, "tester")
			return err
		},
		"shadow": func() error { _, err := s.SetShadow(t.Context(), "m", &store.Shadow{Version: 5}, "tester"); return err },
	} {
		if err := set(); err != nil {
			t.Fatal(what, err)
		}
	}
	for version, part := range map[int]string{1: "a rollback of stable would go there", 2: "the alias stable is there", 3: "the alias next", 4: "the canary", 5: "the shadow"} {
		refused(t, s.Remove(t.Context(), "m", version), store.ErrRefused, fmt.Sprintf("version %d of", version), part)
	}
	if err := s.Remove(t.Context(), "m", 6); err != nil {
		t.Error(err)
	}
	refused(t, s.Remove(t.Context(), "m", 6), store.ErrNotFound, "no version 6")
	refused(t, s.Remove(t.Context(), "n", 1), store.ErrNotFound, `no model "n"; there is m`)
	if _, err := s.Unalias(t.Context(), "m", "next", "tester"); err != nil {
		t.Fatal(err)
	}
	refused(t, s.Remove(t.Context(), "m", 3), store.ErrRefused, "the last move took next from there")
	_, err := s.Unalias(t.Context(), "m", store.Stable, "tester")
	refused(t, err, store.ErrRefused, "move it to another version")
	if _, err := s.SetCanary(t.Context(), "m", nil, "tester"); err != nil {
		t.Fatal(err)
	}
	for _, version := range []int{3, 4} {
		if err := s.Remove(t.Context(), "m", version); err != nil {
			t.Error(err)
		}
	}
	// Where an earlier version has gone, a rollback says so and changes nothing.
	if err := os.RemoveAll(s.VersionDir("m", 1)); err != nil {
		t.Fatal(err)
	}
	_, err = s.Rollback(t.Context(), "m", store.Stable, "tester")
	refused(t, err, store.ErrNotFound, "stable was at version 1 before, but", "there are 2, 5")
}

func TestUnknown(t *testing.T) {
	s := filled(t, 2)
	move(t, s, store.Stable, 1)
	_, err := s.Move(t.Context(), "m", store.Stable, 3, "tester")
	refused(t, err, store.ErrNotFound, "no version 3; there are 1, 2")
	_, err = s.Move(t.Context(), "n", store.Stable, 3, "tester")
	refused(t, err, store.ErrNotFound, `no model "n"; there is m`)
	_, err = s.Resolve("m", "next")
	refused(t, err, store.ErrNotFound, `no alias "next"; there is stable`)
	_, err = s.Resolve("m", "03")
	refused(t, err, store.ErrInvalid, `"03" is neither`)
	_, err = s.Move(t.Context(), "m", "1st", 1, "tester")
	refused(t, err, store.ErrInvalid, `"1st" cannot be an alias`)
	_, err = s.SetCanary(t.Context(), "m", &store.Canary{Version: 1, Percent: 200}, "tester")
	refused(t, err, store.ErrInvalid, "200 percent")
	for text, want := range map[string]int{"2": 2, "stable": 1} {
		if got, err := s.Resolve("m", text); got != want || err != nil {
			t.Errorf("%s: got %d, want %d; %v", text, got, want, err)
		}
	}
}

// FuzzAliases reads what is hostile: an error, or aliases that are written as they were
// read, and that a rollback can work with.
func FuzzAliases(f *testing.F) {
	f.Add(`{"aliases": {"stable": 1, "next": 2}, "canary": {"version": 2, "percent": 5}, "shadow": {"version": 2},
		"history": [{"time": "2026-01-01T00:00:00Z", "by": "x", "what": "stable", "from": 2, "to": 1, "rollback": true},
		{"time": "2026-01-01T00:00:00Z", "by": "x", "what": "canary", "to": 1, "percent": 0.5}]}`)
	f.Add(`{"history": [{"time": "2026-01-01T00:00:00+23:59", "by": "", "what": "a", "rollback": true}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := store.ParseAliases([]byte(text))
		if err != nil {
			return
		}
		for _, alias := range a.Names() {
			if before := a.Before(alias); before < 0 || before == a.Aliases[alias] {
				t.Errorf("%s is at %d, and was at %d before", alias, a.Aliases[alias], before)
			}
		}
		data, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := store.ParseAliases(data)
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		written, err := again.Marshal()
		if diff := cmp.Diff(string(written), string(data)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// FuzzManifest reads what is hostile: an error, or paths that stay in the directory.
func FuzzManifest(f *testing.F) {
	f.Add(`{"source": "x", "time": "2026-01-01T00:00:00Z", "tool": "x", "by": "x", "files": {"a/b": {"sha256": "` + strings.Repeat("0", 64) + `", "size": 1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := store.ParseManifest([]byte(text))
		if err != nil {
			return
		}
		for path, file := range m.Files {
			if !filepath.IsLocal(path) || file.Size < 0 {
				t.Errorf("%q: %+v", path, file)
			}
		}
	})
}
