package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"tagifai/internal/sniff"
)

// A Dataset is a labelled file, read.
type Dataset struct {
	File    string
	SHA256  string // of the file, in hexadecimal
	Rows    []Row
	Tagged  bool // the rows have tags
	Dropped int  // rows of the file that have no tag, though others have, or no text
}

// A Row is one labelled text.
type Row struct {
	Text string
	Tag  string
	Line int // of the file, from 1
}

// ReadDataset reads a CSV file. Its first line has the names of the columns: title,
// description and tag, or text and tag. Other columns are ignored. Errors name the file
// and the line.
func ReadDataset(file string) (*Dataset, error) { return readCSV(file, true) }

// ReadTexts reads such a file, which needs no column tag.
func ReadTexts(file string) (*Dataset, error) { return readCSV(file, false) }

func readCSV(file string, tagged bool) (*Dataset, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	d := &Dataset{File: file, SHA256: hex.EncodeToString(sum[:])}
	if err := sniff.Text(data); err != nil {
		return nil, d.errorf(1, "%w", err)
	}
	const byteOrderMark = "\ufeff"
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, d.errorf(1, "the file is empty; a line of column names is wanted")
	}
	if err != nil {
		return nil, d.wrap(err)
	}
	columns, err := findColumns(header, tagged)
	if err != nil {
		return nil, d.errorf(1, "%w", err)
	}
	d.Tagged = columns.tag >= 0
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return nil, d.wrap(err)
		}
		line, _ := r.FieldPos(0)
		var parts []string
		for _, column := range columns.text {
			if part := record[column]; strings.TrimSpace(part) != "" {
				parts = append(parts, part)
			}
		}
		row := Row{Text: strings.Join(parts, " "), Line: line}
		if d.Tagged {
			row.Tag = strings.TrimSpace(record[columns.tag])
		}
		if !utf8.ValidString(row.Text) || !utf8.ValidString(row.Tag) {
			return nil, d.errorf(line, "not UTF-8; save the file in that encoding")
		}
		if row.Text == "" || d.Tagged && row.Tag == "" {
			d.Dropped++
			continue
		}
		d.Rows = append(d.Rows, row)
	}
}

// wrap adds the file and the line to an error of the CSV reader.
func (d *Dataset) wrap(err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return d.errorf(parse.StartLine, "malformed row: %w", parse.Err)
	}
	return fmt.Errorf("%s: %w", d.File, err)
}

// errorf returns an error that names the file and a line of it.
func (d *Dataset) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, slices.Concat([]any{d.File, line}, args)...)
}

type columns struct {
	text []int
	tag  int // -1 if there is none
}

func findColumns(header []string, tagged bool) (columns, error) {
	place := make(map[string]int)
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := place[name]; twice && slices.Contains([]string{"title", "description", "text", "tag"}, name) {
			return columns{}, fmt.Errorf("column %q occurs twice", name)
		}
		place[name] = i
	}
	title, hasTitle := place["title"]
	description, hasDescription := place["description"]
	text, hasText := place["text"]
	tag, hasTag := place["tag"]
	if !hasTag {
		tag = -1
	}
	switch {
	case tagged && !hasTag:
	case hasTitle && hasDescription:
		return columns{text: []int{title, description}, tag: tag}, nil
	case hasText:
		return columns{text: []int{text}, tag: tag}, nil
	}
	return columns{}, fmt.Errorf("the columns are %.200s; title, description and tag are wanted, or text and tag", fmt.Sprintf("%q", header))
}
