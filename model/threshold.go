package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model/linear"
)

const (
	thresholdKey   = "threshold"
	thresholdOnKey = "threshold_on"
)

// What a threshold is on: the values of threshold_on in args.json.
const (
	OnProbability = "probability" // of the most probable class; the default
	// OnSigmoid is the sigmoid of the highest decision value. Unlike the probability it
	// is not divided by the sum over the classes, so it is low if no class is likely.
	OnSigmoid = "sigmoid"
)

// parseThresholdOn reports whether the arguments of a run put the threshold on the sigmoid.
func parseThresholdOn(args Object, w *linear.Weights) (bool, error) {
	value, ok := args.Get(thresholdOnKey)
	if !ok {
		return false, nil
	}
	var on string
	if err := json.Unmarshal(value, &on); err != nil || on != OnProbability && on != OnSigmoid {
		return false, fmt.Errorf("%s: %s is neither %q nor %q", thresholdOnKey, value, OnProbability, OnSigmoid)
	}
	if on == OnSigmoid && len(w.Links) > 1 {
		return false, fmt.Errorf("%s: %q, but the classifier averages probabilities and has no decision values; make it %q", thresholdOnKey, on, OnProbability)
	}
	return on == OnSigmoid, nil
}

// logit is the inverse of the logistic function.
func logit(p float64) float64 {
	switch {
	case p <= 0:
		return math.Inf(-1)
	case p >= 1:
		return math.Inf(1)
	}
	return math.Log(p / (1 - p))
}

// parseThreshold reads the threshold of each class from the arguments of a run: a
// number for all classes, or an object from class index to number. It returns nil if
// there is none.
func parseThreshold(args Object, classes int) ([]float64, error) {
	if e, ok := errors.AsType[*NonNumberError](args.Check(thresholdKey)); ok {
		return nil, fmt.Errorf("%s is %s, not a number: the training run that wrote it is broken; train again, or give it a number or null", e.Path, e.Word)
	}
	value, ok := args.Get(thresholdKey)
	if !ok || value.Kind() == 'n' {
		return nil, nil
	}
	threshold := make([]float64, classes)
	switch value.Kind() {
	case '0':
		number, err := parseNumber(thresholdKey, value)
		if err != nil {
			return nil, err
		}
		for k := range threshold {
			threshold[k] = number
		}
		return threshold, nil
	case '{':
		byClass, err := ParseObject(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", thresholdKey, err)
		}
		values := make(map[string]jsontext.Value, classes) // Get would search all of them for each
		for _, m := range byClass.members {
			values[m.key] = m.value
		}
		for k := range threshold {
			index := strconv.Itoa(k)
			value, ok := values[index]
			if !ok {
				return nil, fmt.Errorf("%s: no number for class %s; an object from class index to number needs one for every class, 0 to %d", thresholdKey, index, classes-1)
			}
			if threshold[k], err = parseNumber(thresholdKey+"."+index, value); err != nil {
				return nil, err
			}
		}
		if n := len(byClass.Keys()); n != classes {
			return nil, fmt.Errorf("%s: %d keys for %d classes", thresholdKey, n, classes)
		}
		return threshold, nil
	}
	return nil, fmt.Errorf("%s: %s is neither a number nor an object from class index to number", thresholdKey, value)
}

func parseNumber(field string, value jsontext.Value) (float64, error) {
	var number float64
	if err := json.Unmarshal(value, &number); err != nil || value.Kind() != '0' {
		return 0, fmt.Errorf("%s: %s is not a number", field, value)
	}
	return number, nil
}
