package skops

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// An npy is an array as numpy.save writes it.
type npy struct {
	dtype   string // with its byte order: "<f8"
	shape   []int
	fortran bool
	data    []byte
}

// parseNPY reads an array. The result refers to file.
func parseNPY(file []byte) (npy, error) {
	const magic = "\x93NUMPY"
	const versionEnd = len(magic) + 2
	if !bytes.HasPrefix(file, []byte(magic)) || len(file) < versionEnd+4 {
		return npy{}, errors.New("not an array as numpy.save writes it")
	}
	var length, start int
	switch major := file[len(magic)]; major {
	case 1:
		length, start = int(binary.LittleEndian.Uint16(file[versionEnd:])), versionEnd+2
	case 2, 3:
		length, start = int(binary.LittleEndian.Uint32(file[versionEnd:])), versionEnd+4
	default:
		return npy{}, fmt.Errorf("version %d of numpy's format for arrays is not supported, only 1 to 3", major)
	}
	const longest = 10_000 // as numpy has it
	if length > longest || length > len(file)-start {
		return npy{}, fmt.Errorf("its header has %d bytes", length)
	}
	a, err := parseHeader(string(file[start : start+length]))
	if err != nil {
		return npy{}, fmt.Errorf("its header: %w", err)
	}
	a.data = file[start+length:]
	return a, nil
}

// parseHeader reads the text of a dict of Python with three keys:
// {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }.
func parseHeader(text string) (a npy, err error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	if !ok {
		return a, errors.New("not a dict")
	}
	seen := 0
	for {
		rest = strings.TrimLeft(rest, " ,")
		if rest == "}" {
			break
		}
		key, after, ok := strings.Cut(rest, ":")
		if !ok {
			return a, errors.New("a key without a value")
		}
		rest = strings.TrimLeft(after, " ")
		switch key {
		case "'descr'":
			if a.dtype, rest, ok = cutQuoted(rest); !ok {
				return a, errors.New("'descr' is not a text; arrays with fields are not supported")
			}
			seen |= 1
		case "'fortran_order'":
			if rest, ok = strings.CutPrefix(rest, "False"); ok {
				a.fortran = false
			} else if rest, ok = strings.CutPrefix(rest, "True"); ok {
				a.fortran = true
			} else {
				return a, errors.New("'fortran_order' is neither True nor False")
			}
			seen |= 2
		case "'shape'":
			if a.shape, rest, err = cutShape(rest); err != nil {
				return a, err
			}
			seen |= 4
		default:
			return a, fmt.Errorf("key %s", shown(key))
		}
	}
	if seen != 1|2|4 {
		return a, errors.New("'descr', 'fortran_order' or 'shape' is missing")
	}
	return a, nil
}

func cutQuoted(s string) (text, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "'")
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, "'")
}

// cutShape reads a tuple of numbers: (), (3,) or (3, 4).
func cutShape(s string) (shape []int, rest string, err error) {
	s, ok := strings.CutPrefix(s, "(")
	if !ok {
		return nil, "", errors.New("'shape' is not a tuple")
	}
	inside, rest, ok := strings.Cut(s, ")")
	if !ok {
		return nil, "", errors.New("'shape' has no end")
	}
	for field := range strings.SplitSeq(inside, ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		n, err := strconv.ParseUint(field, 10, 31)
		if err != nil {
			return nil, "", fmt.Errorf("'shape' has %s", shown(field))
		}
		shape = append(shape, int(n))
	}
	return shape, rest, nil
}
