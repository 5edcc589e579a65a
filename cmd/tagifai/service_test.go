package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestServeAlone holds the command line of serve, which is read without the other commands,
// against the one that has them all.
func TestServeAlone(t *testing.T) {
	var alone, all bytes.Buffer
	if code := run(context.Background(), []string{"serve", "--help"}, nil, &alone, &alone); code != 0 {
		t.Fatalf("serve --help: exit code %d, %s", code, alone.String())
	}
	if code := run(context.Background(), []string{"help", "serve"}, nil, &all, &all); code != 0 {
		t.Fatalf("help serve: exit code %d, %s", code, all.String())
	}
	if diff := cmp.Diff(all.String(), alone.String()); diff != "" {
		t.Errorf("serve --help is not help serve:\n%s", diff)
	}
	for args, want := range map[string]string{
		"serve predict":          "unexpected argument predict",
		"serve --no-such-flag":   "unknown flag --no-such-flag",
		"serve --max-texts five": "max-texts",
	} {
		alone.Reset()
		if code := run(context.Background(), strings.Fields(args), nil, &alone, &alone); code != 2 || !strings.Contains(alone.String(), want) {
			t.Errorf("%s: exit code %d, %q; want 2, %q", args, code, alone.String(), want)
		}
	}
}
