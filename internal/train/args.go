package train

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/sniff"
	"tagifai/internal/spelling"
	"tagifai/model"
)

// Args are the arguments of a run: how the data is prepared, what is fitted, and
// how. The first twelve are named as in the course.
type Args struct {
	Shuffle       bool           `json:"shuffle"`         // the rows before the split, and before every epoch
	Subset        *int           `json:"subset"`          // use that many rows only; null: all
	MinFreq       int            `json:"min_freq"`        // tags with fewer rows become other
	Lower         bool           `json:"lower"`           // lower-case the text
	Stem          bool           `json:"stem"`            // stem its words; needs clean
	Analyzer      model.Analyzer `json:"analyzer"`        // char, char_wb or word
	NgramMaxRange int            `json:"ngram_max_range"` // length of the longest n-grams
	Alpha         float64        `json:"alpha"`           // strength of the l2 penalty
	LearningRate  float64        `json:"learning_rate"`   // eta0
	PowerT        float64        `json:"power_t"`         // exponent of the invscaling schedule
	NumEpochs     int            `json:"num_epochs"`
	Threshold     *float64       `json:"threshold"` // of the probability; found by threshold_rule, given if that is fixed

	AcceptedTags  []string      `json:"accepted_tags"`   // all others become other; null: every tag is accepted
	NgramMinRange int           `json:"ngram_min_range"` // length of the shortest n-grams
	SublinearTF   bool          `json:"sublinear_tf"`    // 1 + ln(count) in place of the count
	Balance       Balance       `json:"balance"`         // what is done for rare classes
	Schedule      Schedule      `json:"learning_rate_schedule"`
	ThresholdRule ThresholdRule `json:"threshold_rule"`
	Clean         bool          `json:"clean"` // clean the text as the course does, in training and when predicting
	Refit         bool          `json:"refit"` // after the evaluation, fit once more on all rows
	Seed          uint64        `json:"seed"`
}

// A Balance says what is done for classes with few rows.
type Balance string

// What can be done.
const (
	ClassWeights Balance = "class_weights" // weigh a class's rows by rows / (classes × rows of the class)
	Oversampling Balance = "oversampling"  // repeat rows until all classes have as many
	Unbalanced   Balance = "none"
)

// A Schedule says how the learning rate goes on from row to row of an epoch.
type Schedule string

// The schedules of scikit-learn's SGDClassifier.
const (
	Constant   Schedule = "constant"
	Optimal    Schedule = "optimal"
	InvScaling Schedule = "invscaling"
)

// A ThresholdRule says how the threshold is found.
type ThresholdRule string

// The rules. The first two look at the validation part.
const (
	MaxF1         ThresholdRule = "max_f1"         // the one with the highest weighted F1
	FirstQuartile ThresholdRule = "first_quartile" // of the highest probability of each row
	Fixed         ThresholdRule = "fixed"          // the threshold of the arguments
	NoThreshold   ThresholdRule = "none"           // always the most probable class
)

// DefaultArgs returns the default recipe, that of configs/args.json.
func DefaultArgs() Args {
	return Args{
		Shuffle:       true,
		MinFreq:       30,
		Lower:         true,
		Analyzer:      model.CharWB,
		NgramMaxRange: 6,
		Alpha:         0.0001,
		LearningRate:  0.14688087680118794,
		PowerT:        0.158985493618746,
		NumEpochs:     100,
		NgramMinRange: 2,
		SublinearTF:   true,
		Balance:       ClassWeights,
		Schedule:      Constant,
		ThresholdRule: MaxF1,
		Refit:         true,
		Seed:          10,
	}
}

// ArgNames returns the keys of args.json, in their order.
func ArgNames() []string {
	object, err := new(Args).Object()
	if err != nil {
		panic(err) // it has no value that JSON cannot hold
	}
	return object.Keys()
}

// ParseArgs reads args.json. A missing key has its value from [DefaultArgs]. An unknown
// key or an invalid value is an error.
func ParseArgs(data []byte) (Args, error) {
	object, err := model.ParseObject(data)
	if err != nil {
		return Args{}, notJSON(data, err)
	}
	if err := object.Check(); err != nil {
		return Args{}, err
	}
	args, known := DefaultArgs(), ArgNames()
	for _, key := range object.Keys() {
		value, _ := object.Get(key)
		switch {
		case !slices.Contains(known, key):
			return Args{}, unknownKey(key, known)
		case value.Kind() == 'n' && !slices.Contains([]string{"subset", "threshold", "accepted_tags"}, key):
			return Args{}, fmt.Errorf("%s: null; leave it out for the default", key)
		}
	}
	if err := json.Unmarshal(object.JSON(), &args); err != nil {
		if e, ok := errors.AsType[*json.SemanticError](err); ok {
			return Args{}, mistyped(object, e)
		}
		return Args{}, err
	}
	return args, args.validate()
}

// notJSON says what is wrong with data, which is not a JSON object.
func notJSON(data []byte, err error) error {
	if err := sniff.Text(data); err != nil {
		return err
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		line := 1 + bytes.Count(data[:min(int(e.ByteOffset), len(data))], []byte("\n"))
		return fmt.Errorf("line %d: not valid JSON: %w", line, e.Err)
	}
	return err
}

func unknownKey(key string, known []string) error {
	if nearest := spelling.Nearest(strings.ToLower(key), known); nearest != "" {
		return fmt.Errorf("%s: unknown; did you mean %s?", key, nearest)
	}
	return fmt.Errorf("%s: unknown; the keys are %s", key, strings.Join(known, ", "))
}

// typeNames are the types of the arguments, in the words of JSON.
var typeNames = map[reflect.Kind]string{
	reflect.Bool:    "true or false",
	reflect.Int:     "a whole number",
	reflect.Uint64:  "a whole number, not negative",
	reflect.Float64: "a number",
	reflect.String:  "a text",
	reflect.Slice:   "a list of texts",
}

// mistyped says which argument has a value of the wrong type, and what it must be.
func mistyped(object model.Object, e *json.SemanticError) error {
	key := slices.Collect(e.JSONPointer.Tokens())[0]
	field, _ := reflect.TypeFor[Args]().FieldByNameFunc(func(name string) bool {
		f, _ := reflect.TypeFor[Args]().FieldByName(name)
		return f.Tag.Get("json") == key
	})
	kind := field.Type.Kind()
	if kind == reflect.Pointer {
		kind = field.Type.Elem().Kind()
	}
	value, _ := object.Get(key)
	if kind == reflect.Float64 && value.Kind() == '0' {
		return fmt.Errorf("%s: %s is too large", key, value)
	}
	return fmt.Errorf("%s: %s, must be %s", key, value, typeNames[kind])
}

// Object returns the arguments as args.json holds them.
func (a *Args) Object() (model.Object, error) {
	data, err := json.Marshal(a, json.FormatNilSliceAsNull(true), jsontext.Multiline(false))
	if err != nil {
		return model.Object{}, err
	}
	return model.ParseObject(data)
}

func (a *Args) validate() error {
	vectorizer := a.vectorizer()
	switch {
	case a.Subset != nil && *a.Subset < 1:
		return fmt.Errorf("subset: %d, must be at least 1, or null for all rows", *a.Subset)
	case a.MinFreq < 0:
		return fmt.Errorf("min_freq: %d, must not be negative", a.MinFreq)
	case !isPositive(a.Alpha):
		return fmt.Errorf("alpha: %v, must be above 0", a.Alpha)
	case !isPositive(a.LearningRate):
		return fmt.Errorf("learning_rate: %v, must be above 0", a.LearningRate)
	case math.IsNaN(a.PowerT) || math.IsInf(a.PowerT, 0):
		return fmt.Errorf("power_t: %v, must be finite", a.PowerT)
	case a.NumEpochs < 1:
		return fmt.Errorf("num_epochs: %d, must be at least 1", a.NumEpochs)
	case a.AcceptedTags != nil && len(a.AcceptedTags) == 0:
		return fmt.Errorf("accepted_tags: empty; null accepts every tag")
	case a.ThresholdRule == Fixed && a.Threshold == nil:
		return fmt.Errorf("threshold: null, but threshold_rule is %q: give a number", Fixed)
	case a.Threshold != nil && !(*a.Threshold >= 0 && *a.Threshold <= 1):
		return fmt.Errorf("threshold: %v, must be between 0 and 1", *a.Threshold)
	}
	if err := oneOf("balance", a.Balance, ClassWeights, Oversampling, Unbalanced); err != nil {
		return err
	}
	if err := oneOf("learning_rate_schedule", a.Schedule, Constant, Optimal, InvScaling); err != nil {
		return err
	}
	if err := oneOf("threshold_rule", a.ThresholdRule, MaxF1, FirstQuartile, Fixed, NoThreshold); err != nil {
		return err
	}
	return vectorizer.Validate()
}

func isPositive(x float64) bool { return x > 0 && !math.IsInf(x, 0) }

func oneOf[T ~string](key string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %q", key, value, allowed)
}

// vectorizer returns the parameters of the vectorizer that is fitted.
func (a *Args) vectorizer() model.Vectorizer {
	return model.Vectorizer{
		Analyzer:    a.Analyzer,
		NgramMin:    a.NgramMinRange,
		NgramMax:    a.NgramMaxRange,
		Lowercase:   a.Lower,
		Norm:        model.L2,
		UseIDF:      true,
		SublinearTF: a.SublinearTF,
		Clean:       a.Clean,
		Stem:        a.Stem,
	}
}
