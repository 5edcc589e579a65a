package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"tagifai/internal/binarytest"
)

// openTerminal returns the two ends of a new terminal: what a person has before them,
// and what a program takes for a terminal.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err := errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	program, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	return person, program
}

// What a person at a terminal sees of Ctrl-C: the terminal writes ^C, and our message
// stands on a line of its own.
func TestCtrlC(t *testing.T) {
	binary := binarytest.Path(t)
	runs := t.TempDir()
	tests := []struct {
		name, begun string // what is written once the command has begun
		args        []string
		want        string // after the ^C of the terminal
		erased      bool   // a bar that may be drawn in between, so want is the end
	}{
		{"predict", "natural-language-processing  ", []string{"predict", "--format", "text"}, "\r\ntagifai: interrupted\r\n", false},
		{"serve", "serving", []string{"serve", "--addr", "127.0.0.1:0"}, "\r\n", false},
		// Nothing is left of what was begun.
		{"train", "  validation ", []string{"train", "--data", labelled, "--set", "min_freq=3", "--set", "num_epochs=1000000", "--out", filepath.Join(runs, "deep", "run")}, "\rtagifai: interrupted\r\n", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			person, program := openTerminal(t)
			cmd := exec.Command(binary, test.args...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_ = program.Close()
			defer time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }).Stop()

			var screen bytes.Buffer
			buffer := make([]byte, 4096)
			_, _ = io.WriteString(person, "named entity recognition with transformers\n") // serve reads nothing
			pressed := -1
			for {
				n, err := person.Read(buffer)
				screen.Write(buffer[:n])
				if pressed < 0 && strings.Contains(screen.String(), test.begun) {
					time.Sleep(50 * time.Millisecond) // until the line is whole
					pressed = screen.Len()
					_, _ = io.WriteString(person, "\x03")
				}
				if err != nil { // the program has closed its end
					break
				}
			}
			_ = cmd.Wait() // its exit code is looked at
			if got := cmd.ProcessState.ExitCode(); got != interrupted {
				t.Errorf("exit code %d, want %d", got, interrupted)
			}
			if pressed < 0 {
				t.Fatalf("the command has not begun: %q", screen.String())
			}
			_, got, _ := strings.Cut(screen.String()[pressed:], "^C")
			if test.erased {
				got = got[max(0, len(got)-len(test.want)):]
			}
			if diff := cmp.Diff(got[:min(len(got), len(test.want))], test.want); diff != "" {
				t.Errorf("%s in %q", diff, screen.String())
			}
			if names := list(t, runs); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// A person at a terminal sees a bar with rows, rate, errors and the time that is left, and
// the summary at the end.
func TestBatchTerminal(t *testing.T) {
	person, program := openTerminal(t)
	var in strings.Builder
	in.WriteString("id,text\na,\n")
	for i := range manyRows {
		fmt.Fprintf(&in, "%d,Image segmentation and what else there is in the world of pictures %d\n", i, i)
	}
	source := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(source, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	screen := make(chan string)
	go func() {
		data, _ := io.ReadAll(person) // it ends with an error once the program's end is closed
		screen <- string(data)
	}()
	code := run(t.Context(), []string{"batch", "--from", source, "--id", "id", "--to", source + ".out.csv"}, strings.NewReader(""), io.Discard, program)
	_ = program.Close()
	got := <-screen
	if code != success || !regexp.MustCompile(`[1-9]\d* rows, [1-9]\d*/s, 1 errors, \d+s left +\d+% `).MatchString(got) {
		t.Errorf("code %d; there is no bar with all its figures: %q", code, got)
	}
	if !regexp.MustCompile(fmt.Sprintf(`(?s)rows +%d in .* a second\r\nerrors +1\r\ncomputer-vision +\d+ +\d+\.\d %%`, manyRows+1)).MatchString(got) {
		t.Errorf("there is no summary: %q", got)
	}
}
