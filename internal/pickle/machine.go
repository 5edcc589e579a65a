package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What a pickle may make the machine hold, beside the tree.
const (
	maxStack     = 1 << 16 // values; Python writes containers in batches of 1,000
	bytesPerMemo = 2       // as for the tree, beside baseLimit
)

var (
	errTruncated = errors.New("the file ends in the middle of the pickle")
	errEmpty     = errors.New("takes more from the stack than there is on it")
)

// A machine runs the opcodes of a pickle, all of which only add data to the tree.
type machine struct {
	tree
	at     int // the next byte of the file
	stack  []value
	marks  []int // heights of the stack
	memo   []value
	nested bool // inside an array of objects, which is a pickle of its own
}

// unpickle reads the pickle that data begins with, which joblib may have written, and
// returns its root. The result refers to data. What follows the pickle is ignored, as
// Python does.
func unpickle(data []byte, allowed *Globals) (Node, error) {
	m := &machine{tree: newTree(allowed, limitsOf(len(data))), stack: make([]value, 0, 256)}
	m.file = data
	m.memo = make([]value, 0, 64+len(data)/64) // about as many as a vocabulary of short n-grams has
	v, err := m.run()
	if err != nil {
		return Node{}, err
	}
	return m.root(v), nil
}

// run runs opcodes up to STOP and returns the value that is then on the stack.
func (m *machine) run() (value, error) {
	for {
		start := m.at
		op, err := m.take(1)
		if err != nil {
			return value{}, err
		}
		if op[0] == opStop {
			return m.pop()
		}
		if err := m.step(op[0]); err != nil {
			return value{}, atByte(start, err)
		}
	}
}

// atByte says where in the file an error is, unless it says so already.
func atByte(at int, err error) error {
	var placed *placedError
	if errors.As(err, &placed) {
		return err
	}
	return &placedError{at, err}
}

// A placedError says at which byte of the file the opcode is that failed.
type placedError struct {
	at  int
	err error
}

func (e *placedError) Error() string { return fmt.Sprintf("byte %d: %v", e.at, e.err) }
func (e *placedError) Unwrap() error { return e.err }

// step runs one opcode.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		return m.protocol()
	case opFrame: // a hint for readers of streams
		n, err := m.length(8)
		if err == nil && n > uint64(len(m.file)-m.at) {
			err = errTruncated
		}
		return err

	case opNone:
		return m.push(value{kind: noneKind})
	case opNewTrue:
		return m.push(value{kind: boolKind, num: 1})
	case opNewFalse:
		return m.push(value{kind: boolKind})
	case opBinInt1:
		return m.integer(1, false)
	case opBinInt2:
		return m.integer(2, false)
	case opBinInt:
		return m.integer(4, true)
	case opLong1:
		return m.long(1)
	case opLong4:
		return m.long(4)
	case opBinFloat:
		b, err := m.take(8)
		if err != nil {
			return err
		}
		return m.push(value{kind: floatKind, num: int64(binary.BigEndian.Uint64(b))})
	case opShortBinUnicode:
		return m.text(stringKind, 1)
	case opBinUnicode:
		return m.text(stringKind, 4)
	case opBinUnicode8:
		return m.text(stringKind, 8)
	case opShortBinBytes:
		return m.text(bytesKind, 1)
	case opBinBytes:
		return m.text(bytesKind, 4)
	case opBinBytes8, opByteArray8:
		return m.text(bytesKind, 8)
	case opReadonlyBuffer: // makes a view of the bytes on the stack: the same to us
		return nil

	case opMark:
		if len(m.marks) == maxStack {
			return fmt.Errorf("more than %d marks", maxStack)
		}
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err

	case opBinGet:
		return m.get(1)
	case opLongBinGet:
		return m.get(4)
	case opBinPut:
		return m.put(1)
	case opLongBinPut:
		return m.put(4)
	case opMemoize:
		return m.memoize(uint64(len(m.memo)))
	}
	return m.build(op)
}

// build runs one of the opcodes that make something of what is on the stack.
func (m *machine) build(op byte) error {
	switch op {
	case opEmptyTuple:
		return m.push(value{kind: tupleKind})
	case opEmptyList:
		return m.pushNew(listKind, nil)
	case opEmptyDict:
		return m.pushNew(dictKind, nil)
	case opEmptySet:
		return m.pushNew(setKind, nil)
	case opTuple1, opTuple2, opTuple3:
		items, err := m.popN(int(op-opTuple1) + 1)
		if err != nil {
			return err
		}
		return m.pushNew(tupleKind, items)
	case opTuple, opFrozenSet:
		items, err := m.popMark()
		if err != nil {
			return err
		}
		if op == opTuple {
			return m.pushNew(tupleKind, items)
		}
		return m.pushNew(setKind, items)

	case opAppend:
		items, err := m.popN(1)
		return m.extendTop(listKind, items, err)
	case opAppends:
		items, err := m.popMark()
		return m.extendTop(listKind, items, err)
	case opAddItems:
		items, err := m.popMark()
		return m.extendTop(setKind, items, err)
	case opSetItem:
		items, err := m.popN(2)
		return m.extendTop(dictKind, items, err)
	case opSetItems:
		items, err := m.popMark()
		if err == nil && len(items)%2 != 0 {
			return errors.New("a key without a value")
		}
		return m.extendTop(dictKind, items, err)

	case opGlobal, opInst:
		module, err := m.line()
		if err != nil {
			return err
		}
		name, err := m.line()
		if err != nil {
			return err
		}
		if err := m.global(module, name); err != nil || op == opGlobal {
			return err
		}
	case opStackGlobal:
		names, err := m.popN(2)
		if err != nil {
			return err
		}
		if names[0].kind != stringKind || names[1].kind != stringKind {
			return fmt.Errorf("the name of a global is %v and %v, not two strings", names[0].kind, names[1].kind)
		}
		return m.global(m.raw(names[0]), m.raw(names[1]))
	case opReduce:
		return m.reduce()
	case opNewObj:
		return m.newObject()
	case opBuild:
		return m.setState()
	}
	if name, ok := unsupported[op]; ok {
		return fmt.Errorf("opcode %s is not supported: nothing that joblib writes of a model has it", name)
	}
	return fmt.Errorf("opcode %#02x is not one of pickle protocols 2 to 5", op)
}

func (m *machine) protocol() error {
	b, err := m.take(1)
	if err == nil && (b[0] < 2 || b[0] > 5) {
		err = fmt.Errorf("pickle protocol %d is not supported, only 2 to 5", b[0])
	}
	return err
}

// take returns the next n bytes of the file and goes on behind them.
func (m *machine) take(n int) ([]byte, error) {
	if n > len(m.file)-m.at {
		return nil, errTruncated
	}
	m.at += n
	return m.file[m.at-n : m.at], nil
}

// length reads a little-endian number of 1, 4 or 8 bytes.
func (m *machine) length(width int) (uint64, error) {
	b, err := m.take(width)
	if err != nil {
		return 0, err
	}
	switch width {
	case 1:
		return uint64(b[0]), nil
	case 4:
		return uint64(binary.LittleEndian.Uint32(b)), nil
	}
	return binary.LittleEndian.Uint64(b), nil
}

// text pushes text or bytes, behind a length of so many bytes.
func (m *machine) text(k kind, width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	if n > uint64(len(m.file)-m.at) || n > math.MaxUint32 {
		return fmt.Errorf("%d bytes of text or data, of which the file has %d: %w", n, len(m.file)-m.at, errTruncated)
	}
	m.at += int(n)
	return m.push(value{kind: k, size: uint32(n), num: int64(m.at) - int64(n)})
}

// long pushes an integer, behind the number of its bytes, which is a number of so
// many bytes.
func (m *machine) long(width int) error {
	n, err := m.length(width)
	if err != nil {
		return err
	}
	if n <= 8 {
		return m.integer(int(n), true)
	}
	if _, err := m.take(int(n)); err != nil {
		return err
	}
	return m.push(value{kind: bigKind})
}

// integer pushes a little-endian integer of at most 8 bytes.
func (m *machine) integer(size int, signed bool) error {
	b, err := m.take(size)
	if err != nil {
		return err
	}
	var bits uint64
	switch size { // those that a vocabulary has many of, without a loop
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(binary.LittleEndian.Uint16(b))
	case 4:
		bits = uint64(binary.LittleEndian.Uint32(b))
	default:
		for i, c := range b {
			bits |= uint64(c) << (8 * i)
		}
	}
	if signed && size > 0 {
		bits = signExtend(bits, size)
	}
	return m.push(value{kind: intKind, num: int64(bits)})
}

// signExtend returns the two's complement integer of so many bytes, 1 to 8, in 8.
func signExtend(bits uint64, size int) uint64 {
	unused := 64 - 8*size
	return uint64(int64(bits<<unused) >> unused)
}

// line returns the file up to the next line feed, and goes on behind it.
func (m *machine) line() ([]byte, error) {
	const longest = 256
	rest := m.file[m.at:min(m.at+longest, len(m.file))]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		return nil, errors.New("the name of a global has no end")
	}
	m.at += n + 1
	return rest[:n], nil
}
