package invocations

import (
	"bytes"
	"slices"
	"strconv"
)

// record reads a row whose values have names.
func (p *parser) record() error {
	var text, of string
	found := false
	err := p.d.Object(func(name string) (err error) {
		switch {
		case p.column != "" && name != p.column, p.column == "" && p.d.Kind() != '"':
			return p.d.Skip()
		case found && p.column == "":
			return p.ambiguous(of, name)
		}
		found, of = true, name
		text, err = p.d.String()
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return p.missing()
	}
	p.column = of
	return p.give(text)
}

// split reads a data frame whose columns, index and rows are apart.
func (p *parser) split() error {
	var columns []string
	hasColumns, hasData := false, false
	var rows []byte // that came before the names of the columns
	where := ""
	err := p.d.Object(func(name string) error {
		switch name {
		case "columns":
			hasColumns, columns = true, nil
			return p.d.Array(func(i int) error {
				if i == maxColumns {
					return p.d.Errorf("is one column more than the limit of %d", maxColumns)
				}
				if p.d.Kind() != '"' { // pandas names columns by numbers if nobody does
					value, err := p.d.Raw()
					columns = append(columns, string(value))
					return err
				}
				column, err := p.d.String()
				columns = append(columns, column)
				return err
			})
		case "data":
			if hasData {
				return p.d.Errorf("is there twice")
			}
			hasData = true
			if hasColumns {
				return p.rows(columns)
			}
			where = p.d.Where()
			value, err := p.d.Raw()
			rows = bytes.Clone(value)
			return err
		}
		return p.d.Skip()
	})
	if err != nil || rows == nil {
		return err
	}
	return p.within(rows, where, func() error { return p.rows(columns) })
}

// rows reads the rows of a data frame with these columns.
func (p *parser) rows(columns []string) error {
	at := -1
	switch {
	case p.column != "":
		if at = slices.Index(columns, p.column); at < 0 {
			return p.missing()
		}
	case len(columns) == 1:
		at = 0
	}
	return p.d.Array(func(int) error {
		var text string
		found := -1
		values := 0
		err := p.d.Array(func(i int) (err error) {
			values++
			switch {
			case at >= 0 && i != at, at < 0 && p.d.Kind() != '"':
				return p.d.Skip()
			case found >= 0:
				return p.ambiguous(nameOf(columns, found), nameOf(columns, i))
			}
			found = i
			text, err = p.d.String()
			return err
		})
		switch {
		case err != nil:
			return err
		case len(columns) > 0 && values != len(columns):
			return p.d.Errorf("has %d values for %d columns", values, len(columns))
		case found < 0:
			return p.missing()
		}
		at = found
		return p.give(text)
	})
}

func nameOf(columns []string, i int) string {
	if i < len(columns) {
		return columns[i]
	}
	return strconv.Itoa(i)
}
