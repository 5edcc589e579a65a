package serve

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogWriter(t *testing.T) {
	var out strings.Builder
	var want strings.Builder
	w := newLogWriter(&out)
	for i := range 1000 {
		fmt.Fprintf(w, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	w.close()
	fmt.Fprintln(w, "nobody waits for this, and it breaks nothing")
	if diff := cmp.Diff(out.String(), want.String()); diff != "" {
		t.Error(diff)
	}
}

// A reader of the log who stops to read stops nothing else.
func TestLogWriterIsNotHeldUp(t *testing.T) {
	reader, out := io.Pipe()
	w := newLogWriter(out)
	line := strings.Repeat("x", 999) + "\n"
	const lines = 5 * maxPending / 1000
	for range lines { // of which nobody has read one
		fmt.Fprint(w, line)
	}
	read := make(chan string)
	go func() {
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Error(err)
		}
		read <- string(text)
	}()
	w.close()
	_ = out.Close() // a pipe's never fails
	text := <-read
	kept, dropped := strings.Count(text, line), 0
	for _, part := range strings.Split(text, `"lines":`)[1:] { // each time that some were
		n := 0
		if _, err := fmt.Sscan(strings.Split(part, ",")[0], &n); err != nil {
			t.Error(err)
		}
		dropped += n
	}
	if kept == 0 || dropped == 0 || kept+dropped != lines {
		t.Errorf("%d lines kept and %d dropped, of %d", kept, dropped, lines)
	}
}

func TestLogger(t *testing.T) {
	tests := []struct{ name, level, format, want string }{
		{"JSON, if nobody looks on", "info", "auto", `"message":"a"} "message":"b"} "message":"c"}`},
		{"JSON", "warn", "json", `"message":"b"} "message":"c"}`},
		{"console", "error", "console", "ERR c"},
		{"debug", "debug", "console", "DBG z INF a WRN b ERR c"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			log := newLogger(&b, false, test.level, test.format)
			log.Debug().Msg("z")
			log.Info().Msg("a")
			log.Warn().Msg("b")
			log.Error().Msg("c")
			var got []string
			for line := range strings.Lines(b.String()) {
				if i := strings.Index(line, `"message"`); i >= 0 {
					line = line[i:]
				} else {
					_, line, _ = strings.Cut(line, " ") // the time
				}
				got = append(got, strings.TrimSpace(line))
			}
			if diff := cmp.Diff(strings.Join(got, " "), test.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}
