package pickle

import (
	"errors"
	"fmt"
	"slices"
)

func (m *machine) push(v value) error {
	if len(m.stack) == maxStack {
		return fmt.Errorf("more than %d values on the stack", maxStack)
	}
	m.stack = append(m.stack, v)
	return nil
}

// floor is the height below which the stack must not be taken from: that of the
// last mark.
func (m *machine) floor() int {
	if n := len(m.marks); n > 0 {
		return m.marks[n-1]
	}
	return 0
}

func (m *machine) pop() (value, error) {
	items, err := m.popN(1)
	if err != nil {
		return value{}, err
	}
	return items[0], nil
}

// popN takes n values off the stack. The result is valid until the next push.
func (m *machine) popN(n int) ([]value, error) {
	from := len(m.stack) - n
	if from < m.floor() {
		return nil, errEmpty
	}
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return items, nil
}

// popMark takes the values above the last mark off the stack, and the mark. The
// result is valid until the next push.
func (m *machine) popMark() ([]value, error) {
	n := len(m.marks)
	if n == 0 {
		return nil, errors.New("no mark is set")
	}
	from := m.marks[n-1]
	m.marks = m.marks[:n-1]
	items := m.stack[from:]
	m.stack = m.stack[:from]
	return items, nil
}

// top returns the value on top of the stack.
func (m *machine) top() (value, error) {
	if len(m.stack) == m.floor() {
		return value{}, errEmpty
	}
	return m.stack[len(m.stack)-1], nil
}

func (m *machine) get(width int) error {
	i, err := m.length(width)
	if err != nil {
		return err
	}
	if i >= uint64(len(m.memo)) || m.memo[i].kind == unset {
		return fmt.Errorf("memo slot %d was not written to", i)
	}
	return m.push(m.memo[i])
}

func (m *machine) put(width int) error {
	i, err := m.length(width)
	if err != nil {
		return err
	}
	return m.memoize(i)
}

func (m *machine) memoize(i uint64) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if limit := baseLimit + len(m.file)/bytesPerMemo; i >= uint64(limit) {
		return fmt.Errorf("memo slot %d of a file of %d bytes: %d are allowed", i, len(m.file), limit)
	}
	if n := int(i) + 1; n > len(m.memo) {
		if n > cap(m.memo) {
			m.memo = slices.Grow(m.memo, max(n-len(m.memo), len(m.memo)))
		}
		m.memo = m.memo[:n]
	}
	m.memo[i] = v
	return nil
}

// pushNew pushes a new container of a copy of items.
func (m *machine) pushNew(k kind, items []value) error {
	v, err := m.container(k, items)
	if err != nil {
		return err
	}
	return m.push(v)
}

// extendTop adds items to the container on top of the stack, which has to be of kind
// k. An error in taking the items off the stack is returned as it is.
func (m *machine) extendTop(k kind, items []value, err error) error {
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	return m.extend(v, k, items)
}
