package model

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type labelEncoder struct {
	ClassToIndex map[string]int `json:"class_to_index"`
}

// parseLabels reads label_encoder.json. It returns the names of the classes by index.
func parseLabels(data []byte) ([]string, error) {
	var file struct {
		// Pointers, so that neither a null nor a NaN passes for 0.
		ClassToIndex map[string]*int `json:"class_to_index"`
	}
	text, _ := nullNonNumbers(data)
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if len(file.ClassToIndex) == 0 {
		return nil, errors.New("class_to_index: missing or empty")
	}
	labels := make([]string, len(file.ClassToIndex))
	named := make([]bool, len(labels))
	for class, index := range file.ClassToIndex {
		if index == nil || *index < 0 || *index >= len(labels) || named[*index] {
			return nil, fmt.Errorf("class_to_index: the indices of %d classes are not 0 to %d, each once", len(labels), len(labels)-1)
		}
		labels[*index], named[*index] = class, true
	}
	return labels, nil
}

func marshalLabels(classes []string) ([]byte, error) {
	labels := labelEncoder{ClassToIndex: make(map[string]int, len(classes))}
	for i, class := range classes {
		labels.ClassToIndex[class] = i
	}
	data, err := json.Marshal(labels, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(data, '\n'), err
}
