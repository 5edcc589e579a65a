package invocations

import "bytes"

// tensor reads texts, each alone, in a list or in a record, or a column of them by its name.
func (p *parser) tensor(named bool) error {
	switch kind := p.d.Kind(); {
	case named && kind == '"':
		return p.text()
	case kind == '{':
		return p.columns()
	}
	return p.d.Array(func(int) error {
		if p.d.Kind() == '{' {
			return p.record()
		}
		return p.row()
	})
}

// row reads a text, alone or in a list.
func (p *parser) row() error {
	if p.d.Kind() != '[' {
		return p.text()
	}
	values := 0
	err := p.d.Array(func(int) error {
		if values++; values > 1 {
			return p.d.Errorf("is a second value of a row, but the model takes one text")
		}
		return p.text()
	})
	if err == nil && values == 0 {
		err = p.d.Errorf("has no text")
	}
	return err
}

// columns reads columns by their names, of which one has the texts.
func (p *parser) columns() error {
	found, of := false, ""
	err := p.d.Object(func(name string) error {
		if p.column != "" && name != p.column {
			return p.d.Skip()
		}
		column, err := p.d.Raw()
		switch {
		case err != nil:
			return err
		case p.column == "" && !beginsWithText(column):
			return nil
		case found && name == of:
			return p.d.Errorf("is there twice")
		case found:
			return p.ambiguous(of, name)
		}
		found, of = true, name
		return p.within(column, p.d.Where(), func() error {
			if p.d.Kind() == '"' {
				return p.text()
			}
			return p.d.Array(func(int) error { return p.row() })
		})
	})
	if err == nil && !found {
		err = p.missing()
	}
	return err
}

// beginsWithText reports whether a value is a text, or a list whose first value is one.
func beginsWithText(value []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(value, "[ \t\r\n"), []byte{'"'})
}
