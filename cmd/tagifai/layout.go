package main

import (
	"fmt"
	"io"
	"unicode/utf8"

	"tagifai/internal/train"
)

// layoutFlags say how a labelled file is laid out.
type layoutFlags struct {
	TextColumn   []string `sep:"none" placeholder:"NAME" help:"Column of the text, in place of title and description, or text; several are joined by a space."`
	TagColumn    string   `placeholder:"NAME" help:"Column of the tag, in place of tag."`
	WeightColumn string   `placeholder:"NAME" help:"Column of the weight that a row has in training; 1 for every row if left out."`
	Delimiter    string   `placeholder:"CHAR" help:"What is between the columns, in place of a comma; tab for a tab."`
}

func (f layoutFlags) layout() (train.Layout, error) {
	l := train.Layout{TextColumns: f.TextColumn, TagColumn: f.TagColumn, WeightColumn: f.WeightColumn}
	switch f.Delimiter {
	case "":
		return l, nil
	case "tab", `\t`:
		l.Delimiter = '\t'
		return l, nil
	}
	r, size := utf8.DecodeRuneInString(f.Delimiter)
	if size != len(f.Delimiter) || r == '"' || r == '\r' || r == '\n' || r == utf8.RuneError {
		return l, fmt.Errorf("--delimiter %q: one character is wanted, and not a quotation mark or the end of a line; tab for a tab", f.Delimiter)
	}
	l.Delimiter = r
	return l, nil
}

// readAlso reads a file of more texts, which may also be laid out as a file without flags.
func (f layoutFlags) readAlso(stderr io.Writer, file string) (*train.Dataset, error) {
	d, err := f.readLabelled(stderr, file)
	if err == nil {
		return d, nil
	}
	if plain, plainErr := (layoutFlags{}).readLabelled(stderr, file); plainErr == nil {
		return plain, nil
	}
	return nil, err
}

// readLabelled reads a labelled file, and says on stderr what it leaves out.
func (f layoutFlags) readLabelled(stderr io.Writer, file string) (*train.Dataset, error) {
	l, err := f.layout()
	if err != nil {
		return nil, err
	}
	d, err := l.Read(file)
	if err == nil && d.Dropped > 0 {
		fmt.Fprintf(stderr, "%s: %d rows without a tag or a text are left out\n", d.File, d.Dropped)
	}
	return d, err
}
