package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tagifai/internal/sniff"
)

// openFile opens a file behind a position in it.
func openFile(l Location, stdin io.Reader, c Columns, from Position) (source, error) {
	s, err := openStream(l.file, stdin, 0)
	if err != nil {
		return nil, err
	}
	beginning, err := s.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, s.fail(err)
	}
	if err := sniff.Text(beginning); err != nil {
		return nil, s.fail(err)
	}
	var start int64
	if bytes.HasPrefix(beginning, []byte("\ufeff")) { // a byte order mark
		n, _ := s.Discard(3) // they are there
		start = int64(n)
	}
	if l.format.rows == "jsonl" {
		return newJSONL(s, c, from, start)
	}
	return newCSV(s, l.format, c, from, start)
}

// find returns where the columns are among names.
func (c Columns) find(names []string) (id int, text, keep []int, err error) {
	place := make(map[string]int)
	twice := make(map[string]bool)
	for i, name := range names {
		if _, ok := place[name]; ok {
			twice[name] = true
		}
		place[name] = i
	}
	find := func(name string) int {
		i, ok := place[name]
		switch {
		case err != nil:
		case !ok:
			err = fmt.Errorf("there is no column %q; there are %s; --id, --text and --keep name them", name, quoted(names))
		case twice[name]:
			err = fmt.Errorf("there are several columns %q", name)
		}
		return i
	}
	id = -1
	if c.ID != "" {
		id = find(c.ID)
	}
	for _, name := range c.Text {
		text = append(text, find(name))
	}
	for _, name := range c.Keep {
		keep = append(keep, find(name))
	}
	return id, text, keep, err
}

// quoted lists names for an error.
func quoted(names []string) string {
	const most = 20
	var list []string
	for _, name := range names[:min(len(names), most)] {
		list = append(list, strconv.Quote(name))
	}
	if len(names) > most {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

// setText joins the columns of a text.
func setText(r *row, names []string, texts []value) {
	if len(texts) == 1 && texts[0].kind == textValue {
		r.text = texts[0].text
		return
	}
	var text strings.Builder
	found := false
	for i, v := range texts {
		switch v.kind {
		case textValue:
			found = true
			appendPart(&text, v.text)
		case jsonValue:
			r.bad = fmt.Sprintf("the column %s is not a text", names[i])
			return
		}
	}
	r.text = text.String()
	if !found {
		r.bad = "there is no text"
	}
}

// appendPart adds a column to a text of several.
func appendPart(text *strings.Builder, part string) {
	if strings.TrimSpace(part) == "" {
		return
	}
	if text.Len() > 0 {
		text.WriteByte(' ')
	}
	text.WriteString(part)
}
