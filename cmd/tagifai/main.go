// Command tagifai serves a text classifier over HTTP, trains new ones, and predicts
// from the command line.
//
// The tests of this package run whole command lines, those of the packages below it too.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"tagifai/cmd/tagifai/cli"
	"tagifai/cmd/tagifai/keys"
	"tagifai/cmd/tagifai/models"
	"tagifai/cmd/tagifai/serve"
	"tagifai/internal/config"
	"tagifai/internal/server"
)

// version is set when the binary is linked.
var version = ""

func main() {
	// A closed pipe is an error of the write to it, not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	os.Exit(run(untilSignal(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// untilSignal returns a context that ends at SIGTERM or, with [server.ErrAtOnce] as its
// cause, when somebody at a terminal presses Ctrl-C. A second signal ends the process if
// the first has not.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		received := <-signals
		signal.Stop(signals)
		if received == os.Interrupt {
			if cli.IsTerminal(os.Stderr) {
				fmt.Fprintln(os.Stderr) // the terminal has written ^C
			}
			cancel(server.ErrAtOnce)
		} else {
			cancel(nil)
		}
	}()
	return ctx
}

// commands are the subcommands. The package that a type is of is its directory; those of
// this one have a file each.
type commands struct {
	service

	Healthcheck serve.Healthcheck `cmd:"" help:"Ask a running service whether it is ready."`

	predicting
	Batch   batchCommand   `cmd:"" help:"Predict the rows of a file or a table, into another."`
	Explain explainCommand `cmd:"" help:"Explain the predicted tags of texts."`

	Train    trainCommand    `cmd:"" help:"Train a model on a labelled CSV file."`
	Evaluate evaluateCommand `cmd:"" help:"Judge a model by a labelled CSV file."`
	Inspect  inspectCommand  `cmd:"" help:"Show what an artifact directory holds."`
	Convert  convertCommand  `cmd:"" help:"Copy a model into our own format, from scikit-learn's or with other arguments."`
	Baseline baselineCommand `cmd:"" help:"Copy a model, and give it a baseline that its predictions are compared with."`
	Drift    driftCommand    `cmd:"" help:"Compare texts with others, or with the baseline of a model."`

	Models models.Command `cmd:"" help:"Manage models and their versions."`
	Keys   keys.Command   `cmd:"" help:"Manage the keys of clients."`

	Version versionCommand `cmd:"" help:"Print the version."`
	Help    helpCommand    `cmd:"" help:"Explain a command."`
}

// A service is what tagifai serve needs of the command line. To read the declarations of all
// commands takes twice as long, a twentieth of the time to the first answer.
type service struct {
	Serve serve.Command `cmd:"" help:"Serve predictions over HTTP."`
	global
}

// A predictor is what tagifai predict needs of it: a seventh of the time to the first line.
type predictor struct {
	predicting
	global
}

type predicting struct {
	Predict predictCommand `cmd:"" help:"Predict the tags of texts."`
}

// A global has the flags that belong to no command.
type global struct {
	PrintVersion versionFlag `name:"version" help:"Print the version."`
}

// An answered is bound to --help and --version, which answer while the command line is
// parsed.
type answered struct {
	yes bool
	err error // of writing the answer
}

// run runs the command that args name and returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var answered answered
	all := &commands{}
	var grammar any = all
	if len(args) > 0 {
		switch args[0] {
		case "serve":
			grammar = &all.service
		case "predict":
			grammar = new(predictor)
		}
	}
	parser, err := kong.New(grammar,
		kong.Name("tagifai"),
		kong.Description("A text classifier as a service: char n-gram TF-IDF and a linear model, in one binary.\n\n"+
			"Example: tagifai serve --addr 127.0.0.1:8000"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { answered.yes = true }),
		kong.Help(func(options kong.HelpOptions, c *kong.Context) error {
			answered.err = kong.DefaultHelpPrinter(options, c)
			return nil
		}),
		kong.Bind(&answered),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		all.Serve.Flags(),
	)
	if err != nil {
		panic(err) // the command line is declared wrongly
	}
	command, err := parser.Parse(args)
	if e, ok := errors.AsType[*kong.ParseError](err); ok {
		command = e.Context
	}
	name := nameOf(command)
	switch {
	case answered.yes:
		return exitCode(ctx, name, answered.err, stderr)
	case err != nil:
		return exitCode(ctx, name, cli.Misuse(err), stderr)
	}
	command.BindTo(ctx, (*context.Context)(nil))
	command.Bind(cli.Env{In: stdin, Out: stdout, Err: stderr, Version: toolVersion()})
	return exitCode(ctx, name, errors.Join(command.Run(), answered.err), stderr)
}

// nameOf returns the command that a command line names: "tagifai models add", say, and
// "tagifai" if it names none.
func nameOf(c *kong.Context) string {
	if c != nil && c.Selected() != nil {
		return c.Selected().FullPath()
	}
	return "tagifai"
}

// exitCode says what went wrong with a command, if anything did, and returns the exit code
// for it.
func exitCode(ctx context.Context, command string, err error, stderr io.Writer) int {
	code := cli.Success
	if errors.Is(context.Cause(ctx), server.ErrAtOnce) {
		code = cli.Interrupted
	}
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // the reader of our output has seen enough
		return code
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "tagifai: interrupted")
		return max(code, cli.Failure)
	}
	code, hint := cli.Failure, ""
	if e, ok := errors.AsType[*cli.Error](err); ok {
		code = e.Code
		if code == cli.WrongUsage {
			hint = "; see " + command + " --help"
		}
	} else if _, ok := errors.AsType[*config.Error](err); ok {
		code = cli.WrongUsage
	}
	fmt.Fprintf(stderr, "tagifai: %v%s\n", err, hint)
	return code
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command; without one, tagifai itself."`
}

func (helpCommand) Help() string { return "Example:\n\n    tagifai help train" }

func (h helpCommand) Run(c *kong.Context) error {
	about, err := kong.Trace(c.Kong, h.Command)
	if err == nil {
		err = about.Error
	}
	if err != nil {
		return cli.Misuse(err)
	}
	return about.PrintUsage(false)
}

type versionCommand struct{}

func (versionCommand) Help() string { return "Example:\n\n    tagifai version" }

func (versionCommand) Run(env cli.Env) error {
	_, err := fmt.Fprintln(env.Out, env.Tool())
	return err
}

// A versionFlag is --version, which does what the command version does.
type versionFlag bool

// BeforeReset is called when the flag is given, whatever else is on the command line.
func (versionFlag) BeforeReset(app *kong.Kong, answered *answered) error { //nolint:unparam // kong wants one
	answered.err = versionCommand{}.Run(cli.Env{Out: app.Stdout, Version: toolVersion()})
	app.Exit(cli.Success)
	return nil
}

// toolVersion is the version that was linked in, else that of the module, else
// "devel".
func toolVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
