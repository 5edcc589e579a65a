package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/recipe"
	"tagifai/model"
)

// parseAssignment reads KEY=VALUE, the value of a flag --set. A value that is not JSON is
// a text.
func parseAssignment(assignment string) (key string, value jsontext.Value, err error) {
	key, text, ok := strings.Cut(assignment, "=")
	if !ok || key == "" {
		return "", nil, fmt.Errorf("--set %s: want KEY=VALUE, such as threshold=0.5", assignment)
	}
	value = jsontext.Value(text)
	if !value.IsValid() {
		switch text {
		case "NaN", "Infinity", "-Infinity":
			return "", nil, fmt.Errorf("--set %s: %s is not JSON; give a number or null", assignment, text)
		}
		value, _ = jsontext.AppendQuote(nil, text) // invalid UTF-8 becomes U+FFFD
	}
	return key, value, nil
}

// readArgs reads the training arguments of a file, the default recipe without one, and
// makes assignments to them.
func readArgs(file *string, assignments []string) (recipe.Args, error) {
	args := recipe.Default()
	if file != nil {
		data, err := os.ReadFile(*file)
		if err != nil {
			return args, err
		}
		if args, err = recipe.Parse(data); err != nil {
			return args, fmt.Errorf("%s: %w", *file, err)
		}
	}
	var changes model.Object
	for _, assignment := range assignments {
		key, value, err := parseAssignment(assignment)
		if err != nil {
			return args, err
		}
		if changes, err = changes.With(key, value); err != nil {
			return args, fmt.Errorf("--set %s: %w", assignment, err)
		}
	}
	if err := args.Update(changes); err != nil {
		return args, fmt.Errorf("--set %w", err)
	}
	return args, nil
}
