// Package cli holds what the commands of tagifai share: the streams they read and write,
// the exit codes, and how they open and show an artifact directory.
package cli

import "io"

// Exit codes.
const (
	Success     = 0
	Failure     = 1
	WrongUsage  = 2
	Worse       = 3   // of models diff and drift
	Interrupted = 130 // by Ctrl-C: 128 and the number of the signal, as shells have it
)

// An Env is what a command works with. Results go to Out, all else to Err.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	Version  string // of the program
}

// Tool names the program, with its version, in what it writes.
func (e Env) Tool() string { return "tagifai " + e.Version }

// An Error ends the program with an exit code of its own. Any other error is a [Failure].
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Misuse returns an error of the command line.
func Misuse(err error) error { return &Error{WrongUsage, err} }
