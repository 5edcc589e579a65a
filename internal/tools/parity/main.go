// Command parity makes text models with many versions of scikit-learn and holds this
// project's answers against scikit-learn's: a table of pipelines by versions. make
// parity runs it.
//
// Its directory has a Python environment for each version in venvs/ and what that made
// in out/, which pipelines.py describes. It ends with status 1 if a model that should
// load is refused, if an answer differs, or if a refusal does not name its reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var m maker
	m.log = stderr
	flags := flag.NewFlagSet("parity", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&m.dir, "dir", "runs/parity", "`directory` of the Python environments and of what they make")
	flags.StringVar(&m.data, "data", "internal/train/testdata/labelled.csv", "labelled CSV `file` to train on")
	flags.StringVar(&m.texts, "texts", "model/testdata/texts.json", "JSON `file` with a list of texts to answer to")
	compareOnly := flags.Bool("compare", false, "make nothing, compare what was made before")
	only := flags.String("only", "", "the `versions` to take, with commas between them, such as 0.22,1.9")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flags have said what is wrong
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if !*compareOnly {
		if err := m.makeAll(ctx, chosen); err != nil {
			return err
		}
	}
	var t table
	for _, v := range chosen {
		c, err := compareVersion(ctx, filepath.Join(m.dir, "out", v.name))
		if err != nil {
			return err
		}
		if len(c.pipelines) == 0 {
			fmt.Fprintf(stderr, "scikit-learn %s: nothing was made\n", v.name)
			continue
		}
		t = append(t, c)
	}
	if len(t) == 0 {
		return fmt.Errorf("%s: there is nothing to compare", m.dir)
	}
	if err := t.write(stdout); err != nil {
		return err
	}
	if n := t.failures(); n > 0 {
		return fmt.Errorf("%d of the table's cells are not as they should be: those in bold", n)
	}
	return nil
}

// choose returns the versions with the given names, all of them for "".
func choose(names string) ([]version, error) {
	all, err := readVersions(versionsFile)
	if err != nil || names == "" {
		return all, err
	}
	var chosen []version
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(v version) bool { return v.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: versions.txt has no %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
