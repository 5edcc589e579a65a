package sklearn

import (
	"errors"
	"fmt"

	"tagifai/internal/pickle"
)

// stepsOf returns the steps of a Pipeline, or anything else as the only step.
func stepsOf(root pickle.Node) ([]pickle.Node, error) {
	if root.Class() != pipeline {
		return []pickle.Node{root}, nil
	}
	list, err := root.Attr("steps")
	if err != nil {
		return nil, err
	}
	const most = 3 // more than any Pipeline that is supported has
	var steps []pickle.Node
	for i := 0; i < list.Len() && len(steps) <= most; i++ {
		pair := list.Item(i)
		if pair.Len() != 2 {
			return nil, list.Wrong("a list of names and objects")
		}
		step := pair.Item(1)
		if step.IsNone() || step.Is("passthrough") {
			continue // does nothing
		}
		steps = append(steps, step.At(fmt.Sprintf("%s[%v].%s", root.Path(), pair.Item(0), step.Class())))
	}
	if len(steps) == 0 {
		return nil, errors.New("the Pipeline has no steps")
	}
	return steps, nil
}
