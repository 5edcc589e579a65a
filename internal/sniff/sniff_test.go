package sniff_test

import (
	"strings"
	"testing"

	"tagifai/internal/sniff"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", ""},
		{"ASCII", "a line\nanother\n", ""},
		{"UTF-8", "ΟΔΟΣ 🙂\n", ""},
		{"UTF-8 with a mark", "\ufefftext,tag\n", ""},
		{"Latin 1", "caf\xe9,b\n", ""},
		{"HTML", "<html><body>", ""},
		{"a NUL in text", "a\x00b ü\n", ""},
		{"a character cut at the end of what is looked at", "\x00" + strings.Repeat("a", 509) + "ü", ""},
		{"UTF-16", "\xff\xfet\x00a\x00g\x00", "UTF-16"},
		{"UTF-16, big endian", "\xfe\xff\x00t\x00a\x00g", "UTF-16"},
		{"pickle", "\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07", "binary data"},
		{"safetensors", "\x90\x04\x00\x00\x00\x00\x00\x00{\"__metadata__\":{", "binary data"},
		{"spreadsheet", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00", "application/zip"},
		{"gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "compressed by gzip; unpack it first"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := sniff.Text([]byte(c.data))
			if c.want == "" {
				if err != nil {
					t.Errorf("got %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
