package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/prediction"
	"tagifai/model"
)

type predictCommand struct {
	Texts         []string `arg:"" optional:"" name:"text" help:"Texts to predict; without any, every line of standard input is one."`
	Model         *string  `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Probabilities bool     `help:"Add the probability of every class."`
	Scores        bool     `help:"Add the decision value of every class."`
	Format        string   `enum:"json,text" default:"json" placeholder:"FORMAT" help:"json: an object a line; text: columns for people (${default})."`
}

func (predictCommand) Help() string {
	return "Example:\n\n    tagifai predict \"Object detection with YOLO\"\n    tagifai predict --probabilities < lines.txt > predictions.jsonl"
}

func (c predictCommand) Run(ctx context.Context, env cli.Env) error {
	cli.StartLean(cli.UsualHeap)
	m, err := cli.OpenModelWarning(c.Model, env.Err)
	if err != nil {
		return err
	}
	if c.Probabilities && !m.HasProbabilities() {
		return errors.New("the model has no probabilities, as its classifier was not trained to give any; use --scores")
	}
	predict := c.appender(m)
	if len(c.Texts) == 0 {
		return eachLine(ctx, env.In, env.Out, predict)
	}
	var lines []byte
	for _, text := range c.Texts {
		lines = predict(lines, text)
	}
	_, err = env.Out.Write(lines)
	return err
}

// appender returns what appends the prediction of a text and the end of its line.
func (c predictCommand) appender(m *model.Model) func(dst []byte, text string) []byte {
	if c.Format == "json" && !c.Probabilities && !c.Scores { // which takes no memory for each text
		return func(dst []byte, text string) []byte {
			return append(prediction.Append(dst, text, m.Tag(text), nil, nil, nil), '\n')
		}
	}
	classes := m.Classes()
	appendPrediction := c.appendJSON
	if c.Format == "text" {
		appendPrediction = c.appendText
	}
	return func(dst []byte, text string) []byte {
		return append(appendPrediction(dst, classes, text, m.Predict(text)), '\n')
	}
}

func (c predictCommand) appendJSON(dst []byte, classes []string, text string, p model.Prediction) []byte {
	if !c.Probabilities {
		p.Probabilities = nil
	}
	if !c.Scores {
		p.Scores = nil
	}
	return prediction.Append(dst, text, p.Tag, classes, p.Probabilities, p.Scores)
}

func (c predictCommand) appendText(dst []byte, classes []string, text string, p model.Prediction) []byte {
	width := 0
	for _, class := range classes {
		width = max(width, utf8.RuneCountInString(class))
	}
	decisive := p.Probabilities
	if decisive == nil {
		decisive = p.Scores
	}
	dst = fmt.Appendf(dst, "%-*s  %.2f  %s", width, p.Tag, slices.Max(decisive), text)
	for k, class := range classes {
		if !c.Probabilities && !c.Scores {
			break
		}
		dst = fmt.Appendf(dst, "\n    %-*s", width, class)
		if c.Probabilities {
			dst = fmt.Appendf(dst, "  %.4f", p.Probabilities[k])
		}
		if c.Scores {
			dst = fmt.Appendf(dst, "  %9.4f", p.Scores[k])
		}
	}
	return dst
}
