package serve

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

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

// What a slow reader has made the log hold is given back when it has read it.
func TestLogWriterHoldsLittle(t *testing.T) {
	reader, out := io.Pipe()
	w := newLogWriter(out)
	held := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return cap(w.pending)
	}
	line := strings.Repeat("x", 999) + "\n"
	end := time.Now().Add(10 * time.Second)
	for ; held() < maxPending/2; fmt.Fprint(w, line) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are held for a reader who does not read, too few for this test", held())
		}
	}
	read := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, reader)
		close(read)
	}()
	const buffers = 2 // which take turns
	for small := 0; small < 2*buffers; small++ {
		if held() > 2*passAt {
			small = 0
		}
		if time.Now().After(end) {
			t.Fatalf("%d bytes are held when all is read", held())
		}
		fmt.Fprint(w, line)
		time.Sleep(2 * logDelay)
	}
	w.close()
	_ = out.Close() // a pipe's never fails
	<-read
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
