// Package prediction is the shape in which predictions leave the program: as JSON,
// byte for byte the same over HTTP and on the command line.
package prediction

import (
	"github.com/go-json-experiment/json/jsontext"
)

// Prediction is a text as it was sent and the tag that the model gives it. It describes
// what [Append] writes.
type Prediction struct {
	InputText    string `json:"input_text"`
	PredictedTag string `json:"predicted_tag"`
	// Of every class, in the order of their indices; only with include=probabilities.
	Probabilities map[string]float64 `json:"probabilities,omitzero" binding:"optional" swaggertype:"object,number"`
}

// Append appends a [Prediction] to dst. The probabilities are those of the classes, in
// their order; without any there is no such member. Bytes of text that are no UTF-8
// become U+FFFD, which is what the model saw in them.
func Append(dst []byte, text, tag string, classes []string, probabilities []float64) []byte {
	dst = appendQuote(append(dst, `{"input_text":`...), text)
	dst = appendQuote(append(dst, `,"predicted_tag":`...), tag)
	if len(probabilities) > 0 {
		dst = append(dst, `,"probabilities":{`...)
		for k, probability := range probabilities {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuote(dst, classes[k]), ':')
			dst = jsontext.AppendFloat(dst, probability, 64)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// Room returns how many bytes a prediction takes beside its text, if it has probabilities
// and no class needs an escape. No prediction without escapes takes more.
func Room(classes []string, probabilities bool) int {
	const (
		members = len(`{"input_text":"","predicted_tag":"","probabilities":{}}`)
		number  = len(`"":0.0000010000000000000001,`)
	)
	longest, all := 0, 0
	for _, class := range classes {
		longest = max(longest, len(class))
		all += len(class) + number
	}
	if !probabilities {
		all = 0
	}
	return members + longest + all
}

// appendQuote appends s as a JSON string. The error that it passes over says no more
// than that there were bytes that are no UTF-8.
func appendQuote(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}
