// Package prediction is the shape in which predictions leave the program: as JSON,
// byte for byte the same over HTTP and on the command line.
package prediction

// Prediction is a text as it was sent and the tag that the model gives it. It describes
// what [Append] writes.
type Prediction struct {
	InputText    string `json:"input_text"`
	PredictedTag string `json:"predicted_tag"`
	// Of every class, in the order of their indices; only with include=probabilities.
	Probabilities map[string]float64 `json:"probabilities,omitzero" binding:"optional" swaggertype:"object,number"`
	// What decides between the classes, of every class; only with include=scores. The
	// decision value s of two classes is -s for the first and s for the second.
	Scores map[string]float64 `json:"scores,omitzero" binding:"optional" swaggertype:"object,number"`
	// Where the answer is the class other for want of a class that is sure enough; only
	// with include=explanation.
	Fallback *Fallback `json:"fallback,omitzero" binding:"optional"`
	// Of the predicted class, of the one that was not sure enough, and of those that
	// explain_classes names; only with include=explanation.
	Explanation []Explanation `json:"explanation,omitzero" binding:"optional"`
}

// Append appends a [Prediction] to dst. The probabilities and scores are those of the
// classes, in their order; without any there is no such member. Bytes of text that are
// no UTF-8 become U+FFFD, which is what the model saw in them.
func Append(dst []byte, text, tag string, classes []string, probabilities, scores []float64) []byte {
	dst = appendQuote(append(dst, `{"input_text":`...), text)
	dst = appendQuote(append(dst, `,"predicted_tag":`...), tag)
	if len(probabilities) > 0 {
		dst = appendNumbers(append(dst, `,"probabilities":`...), classes, probabilities)
	}
	if len(scores) > 0 {
		dst = appendNumbers(append(dst, `,"scores":`...), classes, scores)
	}
	return append(dst, '}')
}

func appendNumbers(dst []byte, classes []string, numbers []float64) []byte {
	separator := byte('{')
	for k, number := range numbers {
		dst = append(appendQuote(append(dst, separator), classes[k]), ':')
		dst = AppendNumber(dst, number)
		separator = ','
	}
	return append(dst, '}')
}

// Room returns how many bytes a prediction takes beside its text, if it has so many
// numbers for each class and no class needs an escape. No prediction without escapes
// takes more.
func Room(classes []string, numbers int) int {
	const (
		members = len(`{"input_text":"","predicted_tag":"","probabilities":{},"scores":{}}`)
		number  = len(`"":-0.0000010000000000000001,`)
	)
	longest, all := 0, 0
	for _, class := range classes {
		longest = max(longest, len(class))
		all += len(class) + number
	}
	return members + longest + numbers*all
}
