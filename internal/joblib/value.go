package joblib

// A value is something that a pickle made. It holds no pointer: text and bytes are
// places in the file, everything larger is a number in the heap. A vocabulary of
// 100,000 n-grams is 200,000 values, and none of them costs an allocation.
type value struct {
	kind kind
	size uint32 // of text and bytes
	num  int64  // what it is, by kind
}

type kind uint8

// What the num of a value is, by kind.
const (
	unset       kind = iota // nothing: a memo slot that was not written to
	noneKind                // of no meaning
	boolKind                // 0 or 1
	intKind                 // the number
	bigKind                 // of no meaning: an integer of more than 64 bits
	floatKind               // the bits of the float64
	stringKind              // where the text begins
	bytesKind               // where the bytes begin
	globalKind              // the index in globals
	tupleKind               // this and all below: the index in the heap
	listKind                //
	dictKind                //
	setKind                 //
	dtypeKind               //
	arrayKind               //
	wrapperKind             // joblib's stand-in for an array
	objectKind              // an instance of a class
)

var kindNames = [...]string{
	noneKind: "None", boolKind: "a bool", intKind: "an int", bigKind: "an int of more than 64 bits",
	floatKind: "a float", stringKind: "a str", bytesKind: "bytes", globalKind: "a class",
	tupleKind: "a tuple", listKind: "a list", dictKind: "a dict", setKind: "a set", dtypeKind: "a dtype",
	arrayKind: "an array", wrapperKind: "an array wrapper", objectKind: "an object",
}

func (k kind) String() string { return kindNames[k] }

// An object is what a value in the heap stands for. It is inert: a record of what
// the pickle says, of which no code of the class it names ever sees anything.
type object struct {
	items []value // of a tuple, list or set; key, value, key, value… of a dict; the arguments of an instance
	class *global // of an instance; never nil
	state value   // of an instance: what BUILD gave it
	data  any     // *dtype of a dtype, *array of an array
}

// A pickled is what one file holds.
type pickled struct {
	file  []byte // inflated
	extra []byte // text and bytes that had to be decoded; their places continue those of file
	heap  []object
	root  value
}

// raw returns the bytes of a text or bytes value. The caller must not change them.
func (p *pickled) raw(v value) []byte {
	from, source := v.num, p.file
	if from >= int64(len(p.file)) {
		from, source = from-int64(len(p.file)), p.extra
	}
	return source[from:][:v.size:v.size]
}

// object returns what a value of tupleKind or above stands for.
func (p *pickled) object(v value) *object { return &p.heap[v.num] }

// items returns the elements of a tuple, list or set, nil if v is none of these.
func (p *pickled) items(v value) []value {
	switch v.kind {
	case tupleKind, listKind, setKind:
		return p.object(v).items
	}
	return nil
}

// lookup returns the value of a text key of a dict, and whether v is a dict that
// has it.
func (p *pickled) lookup(v value, key string) (value, bool) {
	if v.kind != dictKind {
		return value{}, false
	}
	pairs := p.object(v).items
	for i := len(pairs) - 2; i >= 0; i -= 2 { // the last one counts
		if pairs[i].kind == stringKind && string(p.raw(pairs[i])) == key {
			return pairs[i+1], true
		}
	}
	return value{}, false
}

// array returns what an array value stands for, nil if v is none.
func (p *pickled) array(v value) *array {
	if v.kind != arrayKind {
		return nil
	}
	return p.object(v).data.(*array)
}
