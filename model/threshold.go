package model

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const thresholdKey = "threshold"

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
