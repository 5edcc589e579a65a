package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"tagifai/internal/mlflow"
	"tagifai/internal/sklearn"
	"tagifai/model"
)

// formats are those of other tools that every command reads.
var formats = []model.Format{mlflow.Format, sklearn.Format}

// readArtifact reads the artifact in dir, the embedded one if none is given.
func readArtifact(dir *string) (*model.Artifact, error) {
	if dir == nil {
		return model.ReadArtifact(model.DefaultFS())
	}
	if *dir == "" { // an unset variable of a script, most likely
		return nil, errors.New("the name of the artifact directory is empty; leave it out for the embedded model")
	}
	return model.ReadDir(*dir, formats...)
}

// openArtifact reads the artifact in dir, the embedded one if none is given, and loads
// its model.
func openArtifact(dir *string) (*model.Artifact, *model.Model, error) {
	a, err := readArtifact(dir)
	if err != nil {
		return nil, nil, err
	}
	m, err := model.New(a)
	if err != nil && dir != nil {
		err = fmt.Errorf("model %s: %w", *dir, err)
	}
	return a, m, err
}

// artifactFS returns the artifact directory, the embedded one if none is given.
func artifactFS(path *string) (fs.FS, error) {
	if path == nil {
		return model.DefaultFS(), nil
	}
	dir, err := model.FindDir(*path, formats...)
	if err != nil {
		return nil, err
	}
	return os.DirFS(dir), nil
}

// openModel loads the model in dir, the embedded one if none is given.
func openModel(dir *string) (*model.Model, error) {
	_, m, err := openArtifact(dir)
	return m, err
}

// openModelWarning does so and prints the model's warnings.
func openModelWarning(dir *string, stderr io.Writer) (*model.Model, error) {
	m, err := openModel(dir)
	if err != nil {
		return nil, err
	}
	printWarnings(stderr, m.Warnings())
	return m, nil
}

func printWarnings(w io.Writer, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintf(w, "warning: %s\n", warning)
	}
}
