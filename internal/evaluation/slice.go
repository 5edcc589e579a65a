package evaluation

import (
	"fmt"
	"regexp"
	"slices"

	"tagifai/model"
)

// A Slice defines a part of the samples that is evaluated on its own.
type Slice struct {
	Name    string `json:"name" help:"Name of the part."`
	Pattern string `json:"pattern" help:"Regular expression that matches the texts (RE2)."`
	Tag     string `json:"tag" help:"True tag of the texts; empty for any."`
}

// Slices are ready for use.
type Slices []slice

type slice struct {
	Slice
	pattern *regexp.Regexp
}

// course are the slices of the Made With ML course, and the classes that they are about.
var (
	courseClasses = []string{"computer-vision", "mlops", "natural-language-processing", model.Other}
	courseSlices  = []Slice{
		{Name: "nlp_cnn", Pattern: `CNN|(?i:convolution)`, Tag: "natural-language-processing"},
		{Name: "short_text", Pattern: `^[\s\v\x{85}\pZ]*([^\s\v\x{85}\pZ]+[\s\v\x{85}\pZ]+){0,6}[^\s\v\x{85}\pZ]*[\s\v\x{85}\pZ]*$`}, // fewer than 8 words
	}
)

// CourseSlices returns the slices of the course if these are its classes, and none if
// they are others.
func CourseSlices(classes []string) Slices {
	for _, class := range courseClasses {
		if !slices.Contains(classes, class) {
			return nil
		}
	}
	compiled, err := CompileSlices(courseSlices)
	if err != nil {
		panic(err) // they are constants
	}
	return compiled
}

// CompileSlices makes slices ready for use. An error begins with the number of the slice
// that is wrong, from 0.
func CompileSlices(defined []Slice) (Slices, error) {
	var compiled Slices
	for i, s := range defined {
		switch {
		case s.Name == "":
			return nil, fmt.Errorf("%d.name: missing", i)
		case slices.ContainsFunc(defined[:i], func(other Slice) bool { return other.Name == s.Name }):
			return nil, fmt.Errorf("%d.name: %q occurs twice", i, s.Name)
		case s.Pattern == "" && s.Tag == "":
			return nil, fmt.Errorf("%d.pattern: missing", i)
		}
		pattern, err := regexp.Compile(s.Pattern)
		if err != nil {
			return nil, fmt.Errorf("%d.pattern: %w", i, err)
		}
		compiled = append(compiled, slice{s, pattern})
	}
	return compiled, nil
}

func (s *slice) has(text, tag string) bool {
	return (s.Tag == "" || s.Tag == tag) && s.pattern.MatchString(text)
}
