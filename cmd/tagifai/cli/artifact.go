package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"tagifai/internal/dataset"
	"tagifai/internal/mlflow"
	"tagifai/internal/sklearn"
	"tagifai/model"
)

// Formats are those of other tools that every command reads.
var Formats = []model.Format{mlflow.Format, sklearn.Format}

// errNoName is most likely of an unset variable of a script.
var errNoName = errors.New("the name of the artifact directory is empty; leave it out for the embedded model")

// ReadArtifact reads the artifact in dir, the embedded one if none is given.
func ReadArtifact(dir *string) (*model.Artifact, error) {
	if dir == nil {
		return model.ReadArtifact(model.DefaultFS())
	}
	if *dir == "" {
		return nil, errNoName
	}
	return model.ReadDir(*dir, Formats...)
}

// OpenArtifact reads the artifact in dir, the embedded one if none is given, and loads
// its model.
func OpenArtifact(dir *string) (*model.Artifact, *model.Model, error) {
	a, err := ReadArtifact(dir)
	if err != nil {
		return nil, nil, err
	}
	m, err := model.New(a)
	if err != nil && dir != nil {
		err = fmt.Errorf("model %s: %w", *dir, err)
	}
	return a, m, err
}

// ReadSeen returns which texts the model in dir, the embedded one if none is given, was
// trained on. It returns nil if the model does not say so.
func ReadSeen(dir *string) (*dataset.Seen, error) {
	if dir == nil {
		return dataset.ReadSeen(model.DefaultFS())
	}
	found, err := model.FindDir(*dir, Formats...) // dir may be a file in it
	if err != nil {
		return nil, err
	}
	return dataset.ReadSeen(os.DirFS(found))
}

// OpenModel loads the model in dir, the embedded one if none is given.
func OpenModel(dir *string) (*model.Model, error) {
	switch {
	case dir == nil:
		return model.Default()
	case *dir == "":
		return nil, errNoName
	}
	return model.Open(*dir, Formats...)
}

// OpenModelWarning does so and prints the model's warnings.
func OpenModelWarning(dir *string, stderr io.Writer) (*model.Model, error) {
	m, err := OpenModel(dir)
	if err != nil {
		return nil, err
	}
	PrintWarnings(stderr, m.Warnings())
	return m, nil
}
