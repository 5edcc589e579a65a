// Package oip has the wire of the Open Inference Protocol, version 2, for a model that
// classifies texts: it reads requests and writes answers, also with Triton's extensions for
// binary tensors and for classifications. It knows no HTTP.
//
// Sources: the specification open_inference_rest.yaml, and extension_binary_data.md and
// extension_classification.md of the Triton Inference Server.
package oip

import "slices"

// The names of tensors.
const (
	Text = "text" // the input

	PredictedTag  = "predicted_tag"
	Probabilities = "probabilities"
	Scores        = "scores"
	Explanation   = "explanation"
)

// The data types of tensors.
const (
	bytesType = "BYTES"
	fp64Type  = "FP64"
)

// Extensions are the names of the extensions.
func Extensions() []string { return []string{"binary_tensor_data", "classification"} }

// Tensor is what is known of an input or output of a model.
type Tensor struct {
	Name       string            `json:"name" example:"probabilities"`
	Datatype   string            `json:"datatype" enums:"BYTES,FP64"`
	Shape      []int             `json:"shape"`                                  // -1 is the number of texts.
	Parameters *TensorParameters `json:"parameters,omitzero" binding:"optional"` // Only of outputs with a number for each class.
}

// TensorParameters are what else is known of an output.
type TensorParameters struct {
	Classes []string `json:"classes"` // In the order of the numbers.
}

// Inputs returns the inputs of a model.
func Inputs() []Tensor { return []Tensor{{Name: Text, Datatype: bytesType, Shape: []int{-1}}} }

// Outputs returns the outputs of a model with these classes. The first two are those of a
// request that asks for none.
func Outputs(classes []string, hasProbabilities bool) []Tensor {
	numbers := func(name string) Tensor {
		return Tensor{name, fp64Type, []int{-1, len(classes)}, &TensorParameters{classes}}
	}
	outputs := []Tensor{
		{Name: PredictedTag, Datatype: bytesType, Shape: []int{-1}},
		numbers(Probabilities),
		numbers(Scores),
		{Name: Explanation, Datatype: bytesType, Shape: []int{-1}},
	}
	if !hasProbabilities {
		outputs = slices.Delete(outputs, 1, 2)
	}
	return outputs
}
