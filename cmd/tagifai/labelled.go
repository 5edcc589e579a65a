package main

import (
	"fmt"
	"io"
	"unicode/utf8"

	"tagifai/internal/dataset"
)

// dataFlags name labelled files and say how they are laid out.
type dataFlags struct {
	Data         string   `required:"" placeholder:"FILE" help:"CSV file with the columns title, description, tag; or text, tag."`
	Also         []string `sep:"none" placeholder:"FILE" help:"File of more texts, for training alone, with the columns of --data, or text and tag; may be given several times."`
	Vectors      *string  `placeholder:"FILE" help:"Vectors of words, as text of word2vec or GloVe, plain or gzip, for training alone."`
	TextColumn   []string `sep:"none" placeholder:"NAME" help:"Column of the text, in place of title and description, or text; several are joined by a space."`
	TagColumn    string   `placeholder:"NAME" help:"Column of the tag, in place of tag."`
	WeightColumn string   `placeholder:"NAME" help:"Column of the weight that a row has in training; 1 for every row if left out."`
	Delimiter    string   `placeholder:"CHAR" help:"What is between the columns, in place of a comma; tab for a tab."`
}

func (f dataFlags) layout() (dataset.Layout, error) {
	l := dataset.Layout{TextColumns: f.TextColumn, TagColumn: f.TagColumn, WeightColumn: f.WeightColumn}
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

// read reads the files, and says on stderr what it leaves out.
func (f dataFlags) read(stderr io.Writer) (*dataset.Dataset, error) {
	l, err := f.layout()
	if err != nil {
		return nil, err
	}
	data, err := l.Read(f.Data)
	if err != nil {
		return nil, err
	}
	printDropped(stderr, data)
	for _, file := range f.Also {
		also, err := l.Read(file)
		if err != nil {
			plain, plainErr := dataset.Read(file)
			if plainErr != nil {
				return nil, err
			}
			also = plain
		}
		printDropped(stderr, also)
		if known := data.AddForTraining(also); known > 0 {
			fmt.Fprintf(stderr, "%s: %d texts that are in %s are left out\n", file, known, data.File)
		}
	}
	if f.Vectors != nil {
		data.Vectors, err = dataset.ReadVectors(*f.Vectors)
	}
	return data, err
}

func printDropped(stderr io.Writer, d *dataset.Dataset) {
	if d.Dropped > 0 {
		fmt.Fprintf(stderr, "%s: %d rows without a tag or a text are left out\n", d.File, d.Dropped)
	}
}
