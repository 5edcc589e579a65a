// Package mlflow reads the model directories of MLflow, and fetches them from a tracking
// server.
package mlflow

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"

	"tagifai/internal/sklearn"
	"tagifai/model"
	"tagifai/model/linear"
)

// ModelFile is the file that MLflow describes a model in.
const ModelFile = "MLmodel"

// Format is the format of MLflow's directories of a scikit-learn model, of MLflow 2 and 3.
// The model itself is a file of pickle, cloudpickle or skops, which package sklearn
// reads: what cloudpickle writes of a model without functions of its own is an ordinary
// pickle.
var Format = model.Format{
	Name:   "mlflow",
	Sought: ModelFile,
	Find:   func(fsys fs.FS) (string, error) { return model.FindFile(fsys, ModelFile) },
	Read:   read,
}

const maxModelFile = 1 << 20 // bytes; it has some hundreds, beside the signature

// A description is what is read of an MLmodel file.
type description struct {
	Flavors struct {
		Sklearn *struct {
			File          string `yaml:"pickled_model"`
			Serialization string `yaml:"serialization_format"`
			Version       string `yaml:"sklearn_version"`
		} `yaml:"sklearn"`
		Others map[string]any `yaml:",inline"`
	} `yaml:"flavors"`
	Version   string `yaml:"mlflow_version"`
	Signature struct {
		Inputs string `yaml:"inputs"` // JSON
	} `yaml:"signature"`
	Example *struct {
		File    string `yaml:"artifact_path"`
		Serving string `yaml:"serving_input_path"`
	} `yaml:"saved_input_example_info"`
}

// read reads the weights of the directory that is the root of fsys. Their provenance has
// mlflow_version in addition.
func read(fsys fs.FS, labels []string) (*linear.Weights, error) {
	d, err := describe(fsys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ModelFile, err)
	}
	w, err := sklearn.ReadFile(fsys, d.Flavors.Sklearn.File, labels)
	if err != nil {
		return nil, err
	}
	if d.Version != "" {
		w.Provenance["mlflow_version"] = d.Version
	}
	if d.Example != nil {
		if err := d.tryExample(fsys, w); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// describe reads and checks the description.
func describe(fsys fs.FS) (*description, error) {
	data, err := model.ReadFile(fsys, ModelFile, maxModelFile)
	if err != nil {
		return nil, err
	}
	var d description
	if err := yaml.Unmarshal(data, &d); err != nil {
		return nil, errors.New(excerpt(err.Error())) // which may have many lines
	}
	s := d.Flavors.Sklearn
	if s == nil {
		return nil, fmt.Errorf("flavors: there is no sklearn, only %s; a model that mlflow.sklearn.log_model wrote is wanted", flavors(&d))
	}
	switch s.Serialization {
	case "cloudpickle", "pickle", "skops", "":
	default:
		return nil, fmt.Errorf("flavors.sklearn.serialization_format: %q is not supported, only cloudpickle, pickle and skops", s.Serialization)
	}
	if s.File == "" {
		return nil, errors.New("flavors.sklearn.pickled_model: is missing; it names the file of the model")
	}
	if !fs.ValidPath(s.File) || path.Base(s.File) != s.File {
		return nil, fmt.Errorf("flavors.sklearn.pickled_model: %q is not the name of a file in the directory", s.File)
	}
	return &d, checkSignature(d.Signature.Inputs)
}

func flavors(d *description) string {
	var names []string
	for name := range d.Flavors.Others {
		names = append(names, name)
	}
	if len(names) == 0 {
		return "nothing"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// An input is a column or tensor of a signature.
type input struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	Tensor struct {
		DType string `json:"dtype"`
		Shape []int  `json:"shape"`
	} `json:"tensor-spec"`
}

func (i *input) String() string {
	name := i.Name
	if name == "" {
		name = "a column"
	}
	if i.Type == "tensor" {
		return fmt.Sprintf("%s of %s, shape %v", name, i.Tensor.DType, i.Tensor.Shape)
	}
	return name + " of " + i.Type
}

// isText reports whether the input is one column of texts.
func (i *input) isText() bool {
	if i.Type != "tensor" {
		return i.Type == "string"
	}
	shape := i.Tensor.Shape
	return (i.Tensor.DType == "str" || i.Tensor.DType == "object") &&
		(len(shape) == 1 || len(shape) == 2 && shape[1] == 1)
}

// checkSignature makes sure that the inputs of a signature are one column of texts. A
// model without a signature takes what it is given.
func checkSignature(inputs string) error {
	if inputs == "" {
		return nil
	}
	var columns []input
	if err := json.Unmarshal([]byte(inputs), &columns, json.RejectUnknownMembers(false)); err != nil {
		return fmt.Errorf("signature.inputs: %w", err)
	}
	if len(columns) == 1 && columns[0].isText() {
		return nil
	}
	var found []string
	for _, c := range columns {
		found = append(found, c.String())
	}
	return fmt.Errorf("signature.inputs: one column of texts is supported, and these are %d: %s", len(columns), strings.Join(found, ", "))
}
