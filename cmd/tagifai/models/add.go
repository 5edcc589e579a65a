package models

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/golden"
	"tagifai/internal/mlflow"
	"tagifai/internal/store"
	"tagifai/model"
)

type addCommand struct {
	Name   string `arg:"" help:"Model to add to; a new one is made."`
	Source string `arg:"" help:"What to copy: an artifact directory; the file of a model; or a version in MLflow's registry, as models:/NAME@ALIAS, models:/NAME/NUMBER or models:/NAME/latest."`
	Alias  string `placeholder:"ALIAS" help:"Move this alias to the new version: stable to make it live."`
	MLflow string `name:"mlflow" env:"MLFLOW_TRACKING_URI" placeholder:"URL" help:"Tracking server of MLflow. Its credentials are taken from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."`
}

func (addCommand) Help() string {
	return "Example:\n\n    tagifai models --models store add tagger runs/first --alias stable" +
		"\n    tagifai models --models store add tagger models:/tagger@champion --mlflow http://127.0.0.1:5000"
}

// An added version is the result of add.
type added struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Alias   string `json:"alias,omitzero"` // that was moved to it
}

func (c addCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	if err := store.CheckName(c.Name); err != nil {
		return err
	}
	if c.Alias != "" {
		if err := store.CheckAlias(c.Alias); err != nil {
			return err
		}
	}
	// The last element alone: more of them would rather be a wrong path than a new store.
	if err := os.Mkdir(group.Models, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	st, err := group.open()
	if err != nil {
		return err
	}
	number, err := c.add(ctx, env, st)
	if err != nil {
		return err
	}
	if c.Alias != "" {
		if _, err := st.Move(ctx, c.Name, c.Alias, number, by()); err != nil {
			return fmt.Errorf("version %d of %q was added, but %s was not moved to it: %w", number, c.Name, c.Alias, err)
		}
	}
	return group.print(env.Out, added{c.Name, number, c.Alias}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, number)
		return err
	})
}

// add makes a version of the source, and returns its number.
func (c addCommand) add(ctx context.Context, env cli.Env, st *store.Store) (int, error) {
	if strings.HasPrefix(c.Source, "models:") {
		return c.addFetched(ctx, env, st)
	}
	source, err := filepath.Abs(c.Source)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(source)
	switch base := filepath.Base(source); {
	case err != nil || info.IsDir():
		return st.Add(ctx, c.Name, c.Source, origin(env, source))
	case base == model.WeightsFile || base == mlflow.ModelFile: // which stand for their directories
		return st.Add(ctx, c.Name, filepath.Dir(c.Source), origin(env, source))
	}
	return draft(ctx, env, st, c.Name, func(dir string) (string, error) { return source, copyModel(ctx, source, dir) })
}

// addFetched makes a version of one of MLflow's registry.
func (c addCommand) addFetched(ctx context.Context, env cli.Env, st *store.Store) (int, error) {
	if c.MLflow == "" {
		return 0, fmt.Errorf("%s is in the registry of MLflow; name its tracking server by --mlflow or MLFLOW_TRACKING_URI", c.Source)
	}
	options := mlflow.Options{Server: c.MLflow, Credentials: mlflow.Credentials{
		Username: os.Getenv("MLFLOW_TRACKING_USERNAME"),
		Password: os.Getenv("MLFLOW_TRACKING_PASSWORD"),
		Token:    os.Getenv("MLFLOW_TRACKING_TOKEN"),
	}}
	return draft(ctx, env, st, c.Name, func(dir string) (string, error) { return mlflow.Fetch(ctx, options, c.Source, dir) })
}

// draft makes a version of what fill puts into a directory. It returns where that is from.
func draft(ctx context.Context, env cli.Env, st *store.Store, name string, fill func(dir string) (source string, err error)) (number int, err error) {
	d, err := st.Draft(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	source, err := fill(d.Dir())
	if err != nil {
		return 0, err
	}
	return d.Commit(ctx, origin(env, source))
}

// copyModel copies the file of a model, and those that belong to it.
func copyModel(ctx context.Context, file, dir string) error {
	names := []string{filepath.Base(file), model.ArgsFile, model.LabelEncoderFile, model.PerformanceFile, model.RunIDFile, golden.File}
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(file), name))
		if i > 0 && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type adoptCommand struct {
	Name    string `arg:"" help:"Model."`
	Version string `arg:"" help:"Number of the version, complete but for its manifest."`
}

func (adoptCommand) Help() string {
	return "Example:\n\n    cp -r runs/first store/tagger/versions/4\n    tagifai models --models store adopt tagger 4"
}

func (c adoptCommand) Run(ctx context.Context, group *Command, env cli.Env) error {
	st, err := group.open()
	if err != nil {
		return err
	}
	version, err := store.ParseVersion(c.Version)
	if err != nil {
		return err
	}
	if err := st.Adopt(ctx, c.Name, version, origin(env, "put there by hand")); err != nil {
		return err
	}
	return group.print(env.Out, added{Name: c.Name, Version: version}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s:%d has a manifest and can be served\n", c.Name, version)
		return err
	})
}
