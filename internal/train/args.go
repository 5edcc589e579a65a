package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model"
)

// Args are the arguments of a run: how the data is prepared, what is fitted, and
// how. The first twelve have the names that the course gave them.
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

// ParseArgs reads args.json. A key that is missing has the value of [DefaultArgs];
// one that is unknown is an error, and so is a value that cannot be.
func ParseArgs(data []byte) (Args, error) {
	args := DefaultArgs()
	object, err := model.ParseObject(data)
	if err != nil {
		return Args{}, err
	}
	for _, key := range object.Keys() {
		value, _ := object.Get(key)
		if value.Kind() == 'n' && !slices.Contains([]string{"subset", "threshold", "accepted_tags"}, key) {
			return Args{}, fmt.Errorf("%s: null; leave it out for the default", key)
		}
	}
	if err := json.Unmarshal(data, &args, json.RejectUnknownMembers(true)); err != nil {
		return Args{}, err
	}
	return args, args.validate()
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
