package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAlone holds the command lines of serve and predict, which are read without the other
// commands, against the one that has them all.
func TestAlone(t *testing.T) {
	var alone, all bytes.Buffer
	for _, command := range []string{"serve", "predict"} {
		alone.Reset()
		all.Reset()
		if code := run(context.Background(), []string{command, "--help"}, nil, &alone, &alone); code != 0 {
			t.Fatalf("%s --help: exit code %d, %s", command, code, alone.String())
		}
		if code := run(context.Background(), []string{"help", command}, nil, &all, &all); code != 0 {
			t.Fatalf("help %s: exit code %d, %s", command, code, all.String())
		}
		if diff := cmp.Diff(all.String(), alone.String()); diff != "" {
			t.Errorf("%[1]s --help is not help %[1]s:\n%[2]s", command, diff)
		}
	}
	for args, want := range map[string]string{
		"serve predict":          "unexpected argument predict",
		"serve --no-such-flag":   "unknown flag --no-such-flag",
		"serve --max-texts five": "max-texts",
		"predict --no-such-flag": "unknown flag --no-such-flag",
		"predict --format xml":   "--format must be one of",
	} {
		alone.Reset()
		if code := run(context.Background(), strings.Fields(args), nil, &alone, &alone); code != 2 || !strings.Contains(alone.String(), want) {
			t.Errorf("%s: exit code %d, %q; want 2, %q", args, code, alone.String(), want)
		}
	}
}
