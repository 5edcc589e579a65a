package oip

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/jsonread"
	"tagifai/internal/prediction"
)

// An Answer is the answer to a [Request]. Its parts follow each other: the JSON, then the
// binary data. Make it with [Request.Answer].
type Answer struct {
	request        *Request
	model, version string
	classes        []string
	texts          int
	outputs        []Output
	jsonParts      int
	longest        int // bytes of the longest class, quoted

	results Results
}

// Results are what outputs are made of: the class of each text, a number for each class, and
// the members of an object that explains it, a comma before each. An explanation is nil until
// it is made.
type Results interface {
	Tag(i int) int
	Probabilities(i int) []float64
	Scores(i int) []float64
	Explanation(i int) []byte
}

// Answer returns the answer of a version of a model to so many texts, whose results may be
// made later.
func (r *Request) Answer(model, version string, classes []string, hasProbabilities bool, texts int, results Results) (*Answer, error) {
	a := &Answer{request: r, model: model, version: version, classes: classes, texts: texts, outputs: r.Outputs, results: results}
	known := Outputs(classes, hasProbabilities)
	if r.Outputs == nil {
		a.outputs = []Output{{Name: known[0].Name}, {Name: known[1].Name}}
	}
	for i := range a.outputs {
		o := &a.outputs[i]
		where := "outputs[" + strconv.Itoa(i) + "]"
		k := slices.IndexFunc(known, func(t Tensor) bool { return t.Name == o.Name })
		switch {
		case k < 0:
			names := make([]string, len(known))
			for i, t := range known {
				names[i] = t.Name
			}
			return nil, &jsonread.Error{Where: where + ".name", What: fmt.Sprintf("is %.80q, which is not an output of the model; its outputs: %s", o.Name, strings.Join(names, ", "))}
		case slices.ContainsFunc(a.outputs[:i], func(other Output) bool { return other.Name == o.Name }):
			return nil, &jsonread.Error{Where: where + ".name", What: "is asked for twice"}
		case o.Classification > 0 && known[k].Datatype == bytesType:
			return nil, &jsonread.Error{Where: where + ".parameters.classification", What: "is for probabilities and scores"}
		}
		o.Classification = min(o.Classification, len(classes))
		if !o.hasBinary {
			o.binary = r.binary
		}
		a.jsonParts++
		if !o.binary {
			a.jsonParts += texts - 1
		}
	}
	a.jsonParts++
	for _, class := range classes {
		a.longest = max(a.longest, len(appendQuote(nil, class)))
	}
	return a, nil
}

// Wants reports whether an output is asked for.
func (a *Answer) Wants(name string) bool {
	return slices.ContainsFunc(a.outputs, func(o Output) bool { return o.Name == name })
}

// Binary reports whether binary data follows the JSON.
func (a *Answer) Binary() bool {
	return slices.ContainsFunc(a.outputs, func(o Output) bool { return o.binary })
}

// JSONLength returns how many bytes the JSON has. It encodes the parts in b, which it
// returns.
func (a *Answer) JSONLength(b []byte) (int, []byte) {
	length := 0
	for i := range a.jsonParts {
		b = a.AppendPart(b[:0], i)
		length += len(b)
	}
	return length, b
}

// Parts returns the number of the parts.
func (a *Answer) Parts() int {
	parts := a.jsonParts
	for i := range a.outputs {
		if a.outputs[i].binary {
			parts += a.texts
		}
	}
	return parts
}

// Bytes that the JSON takes at most.
const (
	numberRoom = len(`-0.0000010000000000000001,`)
	headRoom   = len(`{"name":"predicted_tag","datatype":"BYTES","shape":[12345678,12345678],"parameters":{"binary_data_size":1234567890},"data":[]},`)
)

// Room returns how many bytes the answer takes, or somewhat more.
func (a *Answer) Room() int {
	room := 0
	for i := range a.outputs {
		room += headRoom + a.texts*a.element(&a.outputs[i])
	}
	if a.Wants(Explanation) {
		for i := range a.texts {
			room += a.explanationRoom(i)
		}
	}
	return room + a.frame()
}

// Largest returns the same of the largest part.
func (a *Answer) Largest() int {
	largest := 0
	for i := range a.outputs {
		largest = max(largest, a.element(&a.outputs[i]))
	}
	if a.Wants(Explanation) {
		for i := range a.texts {
			largest = max(largest, a.explanationRoom(i))
		}
	}
	return headRoom + largest + a.frame()
}

// frame is the room of what is around the outputs.
func (a *Answer) frame() int {
	const members = len(`{"model_name":"","model_version":"","id":"","parameters":,"outputs":[]}`)
	return members + len(a.model) + len(a.version) + 6*len(a.request.ID) + len(a.request.Parameters)
}

// element is the room of an element of an output, but for explanations.
func (a *Answer) element(o *Output) int {
	switch {
	case o.Classification > 0:
		return o.Classification * (numberRoom + len(`"12345678:",`) + a.longest)
	case o.Name == PredictedTag:
		return a.longest + len(`,1234`)
	case o.Name == Explanation:
		return len(`"{}",1234`)
	default:
		return numberRoom * len(a.classes)
	}
}

func (a *Answer) explanationRoom(i int) int { return 2 * len(a.results.Explanation(i)) }

// AppendPart appends the i-th part.
func (a *Answer) AppendPart(b []byte, i int) []byte {
	if i == 0 {
		b = a.appendStart(b)
	}
	if i == a.jsonParts-1 {
		return append(b, `]}`...)
	}
	binary := i >= a.jsonParts
	if binary {
		i -= a.jsonParts
	}
	for k := range a.outputs {
		o := &a.outputs[k]
		parts := a.texts
		switch {
		case binary && !o.binary:
			continue
		case !binary && o.binary:
			parts = 1
		}
		if i >= parts {
			i -= parts
			continue
		}
		switch {
		case binary:
			return a.appendBinary(b, o, i)
		case i == 0 && k > 0:
			b = append(b, ',')
		}
		return a.appendJSON(b, o, i)
	}
	panic("oip: no such part")
}

// appendStart appends what comes before the outputs.
func (a *Answer) appendStart(b []byte) []byte {
	b = appendQuote(append(b, `{"model_name":`...), a.model)
	b = appendQuote(append(b, `,"model_version":`...), a.version)
	if a.request.HasID {
		b = appendQuote(append(b, `,"id":`...), a.request.ID)
	}
	if a.request.Parameters != nil {
		b = append(append(b, `,"parameters":`...), a.request.Parameters...)
	}
	return append(b, `,"outputs":[`...)
}

// appendJSON appends the i-th element of an output, with what is around the elements.
func (a *Answer) appendJSON(b []byte, o *Output, i int) []byte {
	if i == 0 {
		b = a.appendHead(b, o)
		if o.binary {
			return append(b, '}')
		}
		b = append(b, `,"data":[`...)
	} else {
		b = append(b, ',')
	}
	switch {
	case o.Classification > 0:
		for j, class := range a.best(o, i) {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendQuote(b, a.classification(o, i, class))
		}
	case o.Name == PredictedTag:
		b = appendQuote(b, a.classes[a.results.Tag(i)])
	case o.Name == Explanation:
		b = appendQuote(b, a.explanation(i))
	default:
		for j, number := range a.row(o, i) {
			if j > 0 {
				b = append(b, ',')
			}
			b = prediction.AppendNumber(b, number)
		}
	}
	if i == a.texts-1 {
		b = append(b, `]}`...)
	}
	return b
}

// appendHead appends what comes before the data of an output.
func (a *Answer) appendHead(b []byte, o *Output) []byte {
	datatype, columns := bytesType, 0
	switch {
	case o.Classification > 0:
		columns = o.Classification
	case o.Name == Probabilities, o.Name == Scores:
		datatype, columns = fp64Type, len(a.classes)
	}
	b = append(append(b, `{"name":"`...), o.Name...)
	b = append(append(b, `","datatype":"`...), datatype...)
	b = strconv.AppendInt(append(b, `","shape":[`...), int64(a.texts), 10)
	if columns > 0 {
		b = strconv.AppendInt(append(b, ','), int64(columns), 10)
	}
	b = append(b, ']')
	if o.binary {
		size := 0
		var scratch []byte
		for i := range a.texts {
			scratch = a.appendBinary(scratch[:0], o, i)
			size += len(scratch)
		}
		b = strconv.AppendInt(append(b, `,"parameters":{"binary_data_size":`...), int64(size), 10)
		b = append(b, '}')
	}
	return b
}

// appendBinary appends the i-th element of an output as binary data.
func (a *Answer) appendBinary(b []byte, o *Output, i int) []byte {
	switch {
	case o.Classification > 0:
		for _, class := range a.best(o, i) {
			b = appendElement(b, a.classification(o, i, class))
		}
	case o.Name == PredictedTag:
		b = appendElement(b, a.classes[a.results.Tag(i)])
	case o.Name == Explanation:
		b = appendElement(b, a.explanation(i))
	default:
		for _, number := range a.row(o, i) {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(number))
		}
	}
	return b
}

func appendElement(b []byte, element string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(element))), element...)
}

// row returns the numbers of the i-th text.
func (a *Answer) row(o *Output, i int) []float64 {
	if o.Name == Scores {
		return a.results.Scores(i)
	}
	return a.results.Probabilities(i)
}

// best returns the classes with the highest numbers of the i-th text, the highest first.
func (a *Answer) best(o *Output, i int) []int {
	row := a.row(o, i)
	classes := make([]int, len(row))
	for class := range classes {
		classes[class] = class
	}
	slices.SortStableFunc(classes, func(x, y int) int {
		switch {
		case row[x] > row[y]:
			return -1
		case row[x] < row[y]:
			return 1
		}
		return 0
	})
	return classes[:o.Classification]
}

// classification returns an element of a classification.
func (a *Answer) classification(o *Output, i, class int) string {
	b := prediction.AppendNumber(nil, a.row(o, i)[class])
	return string(b) + ":" + strconv.Itoa(class) + ":" + a.classes[class]
}

// explanation returns the explanation of the i-th text, an object.
func (a *Answer) explanation(i int) string { return "{" + string(a.results.Explanation(i)[1:]) + "}" }

// appendQuote appends s as a JSON string. The error that it passes over says no more than
// that there were bytes that are no UTF-8.
func appendQuote(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
