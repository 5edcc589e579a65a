package prediction

import (
	"math"
	"slices"

	"tagifai/model"
)

// Explanation says what the score of a class is made of: intercept, n-grams and remaining
// add up to score, and so do intercept and spans. The weights have nine decimals, rounded so
// that all together are right to a billionth. Where their magnitudes are below 0.001 together,
// or a million and more, they have all digits. It describes what [AppendMembers] writes; see
// [model.Explanation].
type Explanation struct {
	Class     string  `json:"class" example:"natural-language-processing"`
	Score     float64 `json:"score"`
	Intercept float64 `json:"intercept"`
	// Those with the largest contributions, the largest first. With intercept and remaining they
	// add up to score, to a billionth; they are rounded to nine decimals.
	NGrams    []NGram   `json:"ngrams"`
	Remaining Remaining `json:"remaining"` // The sums of the contributions of all other n-grams.
	// What each stretch of the text contributes; what is left out contributes nothing. With
	// intercept they add up to score, as the n-grams do.
	Spans []Span `json:"spans"`
}

// NGram is what an n-gram contributes to a score, and how often the text has it.
type NGram struct {
	NGram  string  `json:"ngram" example:" nlp"`
	Weight float64 `json:"weight"`
	Count  int     `json:"count"`
}

// Remaining are the sums of what is above zero and of what is below.
type Remaining struct {
	Positive float64 `json:"positive"`
	Negative float64 `json:"negative"`
}

// Span is a stretch of the text, from the character start to the one before end, counted
// in code points from 0, and what it contributes to a score.
type Span struct {
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Weight float64 `json:"weight"`
}

// Fallback says that the answer is the class other because the most probable class was not
// above its threshold.
type Fallback struct {
	Class       string  `json:"class" example:"mlops"`
	Probability float64 `json:"probability"`
	// Only if the threshold is on it, and not on the probability (threshold_on in args.json).
	Sigmoid   float64 `json:"sigmoid,omitzero" binding:"optional"`
	Threshold float64 `json:"threshold"`
}

// FallbackOf returns the fallback of an answer, nil if there is none. The explanations are
// those of [model.Model.ClassifyAndExplain].
func FallbackOf(m *model.Model, answer model.Answer, explanations []model.Explanation) *Fallback {
	if !answer.Fallback {
		return nil
	}
	threshold, on := m.Threshold(answer.Best)
	f := &Fallback{Class: m.Class(answer.Best), Probability: answer.Confidence, Threshold: threshold}
	if on == model.OnSigmoid {
		i := slices.IndexFunc(explanations, func(e model.Explanation) bool { return e.Class == answer.Best })
		f.Sigmoid = 1 / (1 + math.Exp(-explanations[i].Score))
	}
	return f
}

// AppendExplained adds explanations and a fallback, which may be nil, to the [Prediction]
// that dst ends with.
func AppendExplained(dst []byte, classes []string, explanations []model.Explanation, f *Fallback) []byte {
	return append(AppendMembers(dst[:len(dst)-1], classes, explanations, f), '}')
}

// AppendMembers appends what [AppendExplained] adds, each member behind a comma.
func AppendMembers(dst []byte, classes []string, explanations []model.Explanation, f *Fallback) []byte {
	dst = slices.Grow(dst, RoomExplained(explanations))
	if f != nil {
		dst = appendFallback(append(dst, `,"fallback":`...), f)
	}
	return appendExplanations(append(dst, `,"explanation":`...), classes, explanations)
}

// RoomExplained returns how many bytes explanations take, with names that are not long,
// weights of nine decimals and a fallback. Growing while they are appended took a sixth of the time.
func RoomExplained(explanations []model.Explanation) int {
	const (
		number  = len(`-100000.123456789`)
		members = 512
		ngram   = len(`{"ngram":"        ","weight":,"count":10},`) + number
		span    = len(`{"start":1000,"end":1000,"weight":},`) + number
	)
	room := 0
	for i := range explanations {
		room += members + len(explanations[i].NGrams)*ngram + len(explanations[i].Spans)*span
	}
	return room
}

func appendExplanations(dst []byte, classes []string, explanations []model.Explanation) []byte {
	dst = append(dst, '[')
	for i := range explanations {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendExplanation(dst, classes, &explanations[i])
	}
	return append(dst, ']')
}

func appendExplanation(dst []byte, classes []string, e *model.Explanation) []byte {
	dst = appendQuote(append(dst, `{"class":`...), classes[e.Class])
	dst = appendMember(dst, `,"score":`, e.Score)
	dst = appendMember(dst, `,"intercept":`, e.Intercept)
	dst = append(dst, `,"ngrams":[`...)
	size := e.Remaining.Positive - e.Remaining.Negative
	for _, n := range e.NGrams {
		size += math.Abs(n.Weight)
	}
	ofNGrams := newSum(size)
	for i, n := range e.NGrams {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuote(append(dst, `{"ngram":`...), n.NGram)
		dst = ofNGrams.append(append(dst, `,"weight":`...), n.Weight)
		dst = appendCount(append(dst, `,"count":`...), n.Count)
		dst = append(dst, '}')
	}
	dst = ofNGrams.append(append(dst, `],"remaining":{"positive":`...), e.Remaining.Positive)
	dst = ofNGrams.append(append(dst, `,"negative":`...), e.Remaining.Negative)
	dst = append(dst, `},"spans":[`...)
	dst = appendSpans(dst, e.Spans, size)
	return append(dst, `]}`...)
}

func appendFallback(dst []byte, f *Fallback) []byte {
	dst = appendQuote(append(dst, `{"class":`...), f.Class)
	dst = appendMember(dst, `,"probability":`, f.Probability)
	if f.Sigmoid != 0 {
		dst = appendMember(dst, `,"sigmoid":`, f.Sigmoid)
	}
	dst = appendMember(dst, `,"threshold":`, f.Threshold)
	return append(dst, '}')
}

func appendMember(dst []byte, member string, number float64) []byte {
	return AppendNumber(append(dst, member...), number)
}
