// Package recipe holds the arguments of a training, as args.json has them: what they mean,
// how they are read and checked, and their JSON Schema.
package recipe

import (
	"errors"
	"fmt"

	"tagifai/internal/evaluation"
	"tagifai/model"
	"tagifai/model/linear"
	"tagifai/model/tfidf"
)

// Args are the arguments of a run: how the data is prepared, what is fitted, and how. The
// first twelve are named as in the course. A field is all that an argument needs: its key
// in args.json, what it means, and what it may be: min, max, above (exclusive) or oneof.
// Parsing, the help of tagifai train and configs/args.schema.json are made from these tags.
// Those marked optional were added later. They are written only where they differ from
// their default, so that a run with old arguments gives the bytes that it always gave.
type Args struct {
	Shuffle       bool           `json:"shuffle" help:"Shuffle the rows before the split, and before every epoch."`
	Subset        *int           `json:"subset" min:"1" help:"Use that many rows only; null for all."`
	MinFreq       int            `json:"min_freq" min:"0" help:"Tags with fewer rows become other."`
	Lower         bool           `json:"lower" help:"Lower-case the text."`
	Stem          bool           `json:"stem" help:"Reduce its words to their stems; needs clean."`
	Analyzer      tfidf.Analyzer `json:"analyzer" oneof:"char char_wb word" help:"What n-grams are made of: characters, characters inside words, or words."`
	NgramMaxRange int            `json:"ngram_max_range" min:"1" help:"Length of the longest n-grams."`
	Alpha         float64        `json:"alpha" above:"0" help:"Strength of the l2 penalty."`
	LearningRate  float64        `json:"learning_rate" above:"0" help:"Learning rate, or where the schedule begins (eta0)."`
	PowerT        float64        `json:"power_t" help:"Exponent of the schedule invscaling."`
	NumEpochs     int            `json:"num_epochs" min:"1" help:"How often the classifier sees every row."`
	Threshold     *float64       `json:"threshold" min:"0" max:"1" help:"The answer is other unless what threshold_on names is above this; null for no threshold. It is found by threshold_rule, and given only if that is fixed."`

	AcceptedTags  []string      `json:"accepted_tags" min:"1" nullable:"true" help:"All other tags become other; null accepts every tag."`
	NgramMinRange int           `json:"ngram_min_range" min:"1" help:"Length of the shortest n-grams."`
	SublinearTF   bool          `json:"sublinear_tf" help:"Count an n-gram as 1 + ln(count)."`
	Balance       Balance       `json:"balance" oneof:"class_weights oversampling none" help:"What is done for rare classes: weigh their rows more, repeat them, or nothing."`
	Schedule      Schedule      `json:"learning_rate_schedule" oneof:"constant optimal invscaling" help:"How the learning rate changes within an epoch, as in scikit-learn's SGDClassifier."`
	ThresholdRule ThresholdRule `json:"threshold_rule" oneof:"max_f1 first_quartile fixed none" help:"How the threshold is found: the highest weighted F1 on the validation part, the first quartile of its rows, as given, or no threshold."`
	Clean         bool          `json:"clean" help:"Clean the text as the course does, in training and when predicting."`
	Refit         bool          `json:"refit" help:"After the evaluation, fit once more on all rows."`
	Seed          uint64        `json:"seed" help:"Seed of all that is random."`

	ThresholdOn  ThresholdOn        `json:"threshold_on" optional:"true" oneof:"probability sigmoid" help:"What is held against the threshold: the highest probability, or the highest sigmoid before these are divided by their sum."`
	TokenPattern string             `json:"token_pattern" optional:"true" help:"Regular expression of a word, in Python's syntax, for analyzer word; empty for two or more letters, digits and underscores."`
	Norm         tfidf.Norm         `json:"norm" optional:"true" oneof:"l2 l1 none" help:"Norm that the vector of a text is divided by."`
	UseIDF       bool               `json:"use_idf" optional:"true" help:"Multiply by the inverse document frequency."`
	Weight       float64            `json:"weight" optional:"true" above:"0" help:"What the vector is multiplied by, where there are more blocks."`
	Blocks       []Block            `json:"blocks" optional:"true" help:"Further blocks of n-grams beside the one that the arguments above describe, each with arguments of the same names."`
	Documents    []Document         `json:"documents" optional:"true" help:"Further documents made of each row: the text of a column, and the weight of that document. The whole text has weight 1."`
	AlsoWeight   float64            `json:"also_weight" optional:"true" above:"0" help:"Weight of the rows of the files that --also gives, times their own."`
	VectorWeight float64            `json:"vector_weight" optional:"true" above:"0" help:"What the vectors of words are multiplied by, where --vectors gives a file of them."`
	Folds        int                `json:"folds" optional:"true" min:"0" max:"1000" help:"Folds of the cross-validation, whose figures go into performance.json; 0 for none."`
	Calibration  Calibration        `json:"calibration" optional:"true" oneof:"none temperature" help:"What brings the probabilities nearer to the truth: nothing, or a division of the scores by the number that makes the log loss of out-of-fold predictions lowest."`
	Slices       []evaluation.Slice `json:"slices" optional:"true" help:"Parts of the data that are evaluated on their own. Without any, those of the course, if the classes are its own."`
}

// A Block is a block of n-grams beside the first. Its fields mean what those of [Args]
// mean. Lower-casing, cleaning and stemming are done to the text, for all blocks alike.
type Block struct {
	Analyzer      tfidf.Analyzer `json:"analyzer" oneof:"char char_wb word" help:"What n-grams are made of."`
	NgramMinRange int            `json:"ngram_min_range" min:"1" help:"Length of the shortest n-grams."`
	NgramMaxRange int            `json:"ngram_max_range" min:"1" help:"Length of the longest n-grams."`
	TokenPattern  string         `json:"token_pattern" help:"Regular expression of a word, for analyzer word."`
	SublinearTF   bool           `json:"sublinear_tf" help:"Count an n-gram as 1 + ln(count)."`
	UseIDF        bool           `json:"use_idf" help:"Multiply by the inverse document frequency."`
	Norm          tfidf.Norm     `json:"norm" oneof:"l2 l1 none" help:"Norm that the block is divided by."`
	Weight        float64        `json:"weight" above:"0" help:"What the block is multiplied by."`
}

// A Document is a further document made of each row that has text in a column and in
// others. Training takes it as a row of its own.
type Document struct {
	Column string  `json:"column" required:"true" help:"Column of the data that the document is the text of."`
	Weight float64 `json:"weight" above:"0" help:"Weight of the document, times that of the row."`
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
	FirstQuartile ThresholdRule = "first_quartile" // of what each row is held against
	Fixed         ThresholdRule = "fixed"          // the threshold of the arguments
	NoThreshold   ThresholdRule = "none"           // always the most probable class
)

// A ThresholdOn says what has to be above the threshold.
type ThresholdOn string

// What the threshold can be on.
const (
	OnProbability ThresholdOn = model.OnProbability
	OnSigmoid     ThresholdOn = model.OnSigmoid
)

// A Calibration says what is done to bring the probabilities nearer to the truth.
type Calibration string

// What can be done.
const (
	Uncalibrated Calibration = "none"
	// ByTemperature divides all scores by one number, which is part of the coefficients
	// and intercepts afterwards. It leaves the order of the classes as it is. The number
	// is the one with the lowest log loss on out-of-fold predictions; it is 1 if they are
	// no better with it.
	ByTemperature Calibration = "temperature"
)

// Default returns the default recipe, that of configs/args.json.
func Default() Args {
	args, threshold := base(), 0.1
	args.NgramMaxRange = 4
	args.Blocks = []Block{baseBlock()}
	args.Documents = []Document{{"title", 0.3}, {"description", 0.3}}
	args.Alpha = 1e-5
	args.ThresholdOn, args.ThresholdRule, args.Threshold = OnSigmoid, Fixed, &threshold
	args.Calibration = ByTemperature
	args.AlsoWeight = 0.1
	args.Folds = 5
	return args
}

// base returns the value of every argument that args.json leaves out.
func base() Args {
	return Args{
		Shuffle:       true,
		MinFreq:       30,
		Lower:         true,
		Analyzer:      tfidf.CharWB,
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
		ThresholdOn:   OnProbability,
		Norm:          tfidf.L2,
		UseIDF:        true,
		Weight:        1,
		AlsoWeight:    1,
		VectorWeight:  0.5,
		Calibration:   Uncalibrated,
	}
}

// baseBlock returns the value of every argument that a block leaves out.
func baseBlock() Block {
	return Block{
		Analyzer: tfidf.Word, NgramMinRange: 1, NgramMaxRange: 1,
		SublinearTF: true, UseIDF: true, Norm: tfidf.L2, Weight: 1,
	}
}

// Check returns an error if an argument has a value that it cannot have, or two do not go
// together.
func (a *Args) Check() error {
	if err := checkFields(*a, ""); err != nil {
		return err
	}
	switch {
	case a.Folds == 1:
		return errors.New("folds: 1, must be 0, for no cross-validation, or at least 2")
	case a.Calibration != Uncalibrated && a.Folds == 0:
		return fmt.Errorf("calibration: %q needs out-of-fold predictions; set folds to 5, say", a.Calibration)
	case a.ThresholdRule == Fixed && a.Threshold == nil:
		return fmt.Errorf("threshold: null, but threshold_rule is %q: give a number", Fixed)
	case len(a.Blocks) == 0 && a.Weight != 1:
		return fmt.Errorf("weight: %v, but there are no other blocks to weigh it against; leave it out", a.Weight)
	}
	for i, d := range a.Documents {
		if d.Column == "" {
			return fmt.Errorf("documents.%d.column: missing; name a column of the data", i)
		}
	}
	for i, b := range a.AllBlocks() {
		if err := b.Vectorizer.Validate(); err != nil {
			if i > 0 {
				return fmt.Errorf("blocks.%d: %w", i-1, err)
			}
			return err
		}
	}
	if _, err := evaluation.CompileSlices(a.Slices); err != nil {
		return fmt.Errorf("slices.%w", err)
	}
	return nil
}

// AllBlocks returns the blocks of n-grams that are fitted, all empty yet.
func (a *Args) AllBlocks() []linear.Block {
	first := Block{
		Analyzer: a.Analyzer, NgramMinRange: a.NgramMinRange, NgramMaxRange: a.NgramMaxRange, TokenPattern: a.TokenPattern,
		SublinearTF: a.SublinearTF, UseIDF: a.UseIDF, Norm: a.Norm, Weight: a.Weight,
	}
	blocks := make([]linear.Block, 0, 1+len(a.Blocks))
	for _, b := range append([]Block{first}, a.Blocks...) {
		blocks = append(blocks, linear.Block{
			Weight: b.Weight,
			Vectorizer: tfidf.Vectorizer{
				Analyzer:     b.Analyzer,
				NgramMin:     b.NgramMinRange,
				NgramMax:     b.NgramMaxRange,
				TokenPattern: b.TokenPattern,
				Lowercase:    a.Lower,
				Norm:         b.Norm,
				UseIDF:       b.UseIDF,
				SublinearTF:  b.SublinearTF,
				Clean:        a.Clean,
				Stem:         a.Stem,
			},
		})
	}
	return blocks
}
