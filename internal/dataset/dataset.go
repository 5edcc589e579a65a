// Package dataset reads what models are trained on and judged by: labelled CSV files, and
// vectors of words. It also tells which texts a model was trained on.
package dataset

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tagifai/internal/sniff"
)

// A Dataset is a labelled file, read.
type Dataset struct {
	File    string
	SHA256  string // of the file, in hexadecimal
	Rows    []Row
	Columns []string // that the texts are made of
	Tagged  bool     // the rows have tags
	Dropped int      // rows of the file that have no tag, though others have, or no text
	// Also are files of extra rows, for training alone: no figure is about them.
	Also []*Dataset
	// Vectors of words join the block of words in training; nil if there are none.
	Vectors *Vectors

	Layout Layout
}

// AddForTraining adds a file of extra rows, for training alone. It leaves out those whose
// text is in the data set, which would make every figure look better than it is, and
// returns their number.
func (d *Dataset) AddForTraining(also *Dataset) (known int) {
	texts := make(map[string]struct{}, len(d.Rows))
	for _, row := range d.Rows {
		texts[row.Text] = struct{}{}
	}
	extra := *also
	extra.Rows = nil
	for _, row := range also.Rows {
		if _, ok := texts[row.Text]; ok {
			known++
		} else {
			extra.Rows = append(extra.Rows, row)
		}
	}
	d.Also = append(d.Also, &extra)
	return known
}

// A Row is one labelled text.
type Row struct {
	Text string
	Tag  string
	Line int // of the file, from 1
	// Weight is that of the row in training, 1 if the file has no weights.
	Weight float64
	// Parts are the texts of the columns that Text is made of, if there are several.
	Parts map[string]string
	// Created is what the column created_on says, zero without it, or if that is no time.
	Created time.Time
}

// A Layout says how a labelled file is laid out. Where a field is zero, the names of the
// columns say it: title, description and tag, or text and tag, with commas between them.
type Layout struct {
	TextColumns  []string // whose texts, with spaces between them, are the text
	TagColumn    string
	WeightColumn string // of the weights that rows have in training
	Delimiter    rune
}

// Read reads a CSV file. Its first line has the names of the columns: title,
// description and tag, or text and tag. Other columns are ignored. Errors name the file
// and the line.
func Read(file string) (*Dataset, error) { return Layout{}.Read(file) }

// ReadTexts reads such a file, which needs no column tag.
func ReadTexts(file string) (*Dataset, error) { return Layout{}.read(file, false) }

// ReadTexts reads a CSV file of this layout as [ReadTexts] does.
func (l Layout) ReadTexts(file string) (*Dataset, error) { return l.read(file, false) }

// Read reads a CSV file of this layout as [Read] does.
func (l Layout) Read(file string) (*Dataset, error) { return l.read(file, true) }

func (l Layout) read(file string, tagged bool) (*Dataset, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	d := &Dataset{File: file, SHA256: hex.EncodeToString(sum[:]), Layout: l}
	if err := sniff.Text(data); err != nil {
		return nil, d.Errorf(1, "%w", err)
	}
	const byteOrderMark = "\ufeff"
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte(byteOrderMark))))
	if l.Delimiter != 0 {
		r.Comma = l.Delimiter
	}
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, d.Errorf(1, "the file is empty; a line of column names is wanted")
	}
	if err != nil {
		return nil, d.wrap(err)
	}
	columns, err := l.find(header, tagged)
	if err != nil {
		return nil, d.Errorf(1, "%w", err)
	}
	d.Tagged = columns.tag >= 0
	for _, column := range columns.text {
		d.Columns = append(d.Columns, strings.TrimSpace(header[column]))
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return d, d.checkRows()
		}
		if err != nil {
			return nil, d.wrap(err)
		}
		line, _ := r.FieldPos(0)
		row, err := d.row(columns, record)
		if err != nil {
			return nil, d.Errorf(line, "%w", err)
		}
		if row.Text == "" || d.Tagged && row.Tag == "" {
			d.Dropped++
			continue
		}
		row.Line = line
		d.Rows = append(d.Rows, row)
	}
}

// checkRows returns an error if there is no row.
func (d *Dataset) checkRows() error {
	switch {
	case len(d.Rows) > 0:
		return nil
	case d.Tagged:
		return d.Errorf(1, "no row has a text and a tag")
	}
	return d.Errorf(1, "no row has a text")
}

// row makes a row of a record.
func (d *Dataset) row(c columns, record []string) (Row, error) {
	row := Row{Weight: 1}
	var parts []string
	for k, column := range c.text {
		part := record[column]
		if strings.TrimSpace(part) == "" {
			continue
		}
		parts = append(parts, part)
		if row.Parts == nil {
			row.Parts = make(map[string]string, len(c.text))
		}
		row.Parts[d.Columns[k]] = part
	}
	if len(parts) < 2 {
		row.Parts = nil
	}
	row.Text = strings.Join(parts, " ")
	if d.Tagged {
		row.Tag = strings.TrimSpace(record[c.tag])
	}
	if !utf8.ValidString(row.Text) || !utf8.ValidString(row.Tag) {
		return Row{}, errors.New("not UTF-8; save the file in that encoding")
	}
	if c.created >= 0 {
		row.Created = parseTime(record[c.created])
	}
	if c.weight >= 0 {
		text := strings.TrimSpace(record[c.weight])
		weight, err := strconv.ParseFloat(text, 64)
		if err != nil || !(weight >= 0 && weight <= maxWeight) {
			return Row{}, fmt.Errorf("weight %q is not a number from 0 to %g", text, float64(maxWeight))
		}
		row.Weight = weight
	}
	return row, nil
}

// maxWeight is the largest weight of a row. With it no step of a fit is infinite.
const maxWeight = 1e6

// wrap adds the file and the line to an error of the CSV reader.
func (d *Dataset) wrap(err error) error {
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return d.Errorf(parse.StartLine, "malformed row: %w", parse.Err)
	}
	return fmt.Errorf("%s: %w", d.File, err)
}

// Errorf returns an error that names the file and a line of it.
func (d *Dataset) Errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, slices.Concat([]any{d.File, line}, args)...)
}

// columns are the places of the columns in a record, -1 for those that there are not.
type columns struct {
	text                 []int
	tag, weight, created int
}

// createdColumn has the times at which rows came to be.
const createdColumn = "created_on"

// parseTime reads a time in one of the usual forms. It returns zero for others.
func parseTime(text string) time.Time {
	for _, layout := range []string{time.DateTime, time.RFC3339, time.DateOnly, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t
		}
	}
	return time.Time{}
}

// find finds the columns in the first line of a file.
func (l Layout) find(header []string, tagged bool) (columns, error) {
	place := make(map[string]int)
	twice := make(map[string]bool)
	for i, name := range header {
		name = strings.TrimSpace(name)
		_, twice[name] = place[name]
		place[name] = i
	}
	at := func(name string) (int, error) {
		i, ok := place[name]
		switch {
		case !ok:
			return -1, fmt.Errorf("no column %q; the columns are %.200s", name, fmt.Sprintf("%q", header))
		case twice[name]:
			return -1, fmt.Errorf("column %q occurs twice", name)
		}
		return i, nil
	}
	names := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { _, ok := place[name]; return !ok })
	}

	text, tag := l.TextColumns, cmp.Or(l.TagColumn, "tag")
	if len(text) == 0 {
		switch {
		case tagged && l.TagColumn == "" && !names("tag"):
		case names("title", "description"):
			text = []string{"title", "description"}
		case names("text"):
			text = []string{"text"}
		}
		if len(text) == 0 {
			wanted := "title and description are wanted, or text; others can be named with --text-column"
			if tagged {
				wanted = "title, description and tag are wanted, or text and tag; others can be named with --text-column and --tag-column"
			}
			return columns{}, fmt.Errorf("the columns are %.200s; %s", fmt.Sprintf("%q", header), wanted)
		}
	}
	found := columns{tag: -1, weight: -1, created: -1}
	for _, name := range text {
		i, err := at(name)
		if err != nil {
			return columns{}, err
		}
		if slices.Contains(found.text, i) {
			return columns{}, fmt.Errorf("column %q is named twice", name)
		}
		found.text = append(found.text, i)
	}
	var err error
	if tagged || names(tag) {
		if found.tag, err = at(tag); err != nil {
			return columns{}, err
		}
	}
	if l.WeightColumn != "" {
		if found.weight, err = at(l.WeightColumn); err != nil {
			return columns{}, err
		}
	}
	if names(createdColumn) && !twice[createdColumn] {
		found.created = place[createdColumn]
	}
	return found, nil
}
