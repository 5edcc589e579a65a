package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"tagifai/internal/explain"
	"tagifai/internal/prediction"
)

type explainCommand struct {
	Texts   []string `arg:"" optional:"" name:"text" help:"Texts to explain; without any, every line of standard input is one."`
	Model   *string  `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Classes []string `placeholder:"CLASS,…" help:"Classes to explain beside the predicted one."`
	Top     int      `default:"10" placeholder:"N" help:"How many n-grams to name: those that contribute most (${default})."`
	Format  string   `enum:"text,json,html" default:"text" placeholder:"FORMAT" help:"text: for people, in colour on a terminal; json: an object a line, as the service answers it; html: a page (${default})."`
}

func (explainCommand) Help() string {
	return "The weights of the n-grams and the intercept add up to the score of the class, and so do those of the stretches of the text.\n\n" +
		"Example:\n\n    tagifai explain \"Object detection with YOLO\"\n    tagifai explain --format html < lines.txt > why.html"
}

func (c explainCommand) Run(ctx context.Context, s streams) error {
	if c.Top < 0 {
		return &misuseError{fmt.Errorf("--top %d is negative; give 0 or more", c.Top)}
	}
	m, err := openModelWarning(c.Model, s.err)
	if err != nil {
		return err
	}
	var classes []int
	for _, name := range c.Classes {
		class := slices.Index(m.Classes(), name)
		if class < 0 {
			return &misuseError{fmt.Errorf("--classes: %q is no class of the model; its classes: %s", name, strings.Join(m.Classes(), ", "))}
		}
		classes = append(classes, class)
	}
	colour := isTerminal(s.out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	explained := func(dst []byte, text string) []byte {
		x := explain.Explain(m, text, classes, c.Top)
		switch c.Format {
		case "json":
			dst = prediction.Append(dst, text, x.Tag, x.Classes, nil, nil)
			return append(prediction.AppendExplained(dst, x.Classes, x.Explanations, x.Fallback), '\n')
		case "html":
			b := bytes.NewBuffer(dst)
			_ = x.WriteHTML(b) // a buffer takes everything
			return b.Bytes()
		}
		return x.AppendText(dst, colour)
	}
	if c.Format == "html" {
		if err := explain.WritePageStart(s.out); err != nil {
			return err
		}
	}
	if len(c.Texts) == 0 {
		err = eachLine(ctx, s.in, s.out, explained)
	} else {
		var all []byte
		for _, text := range c.Texts {
			all = explained(all, text)
		}
		_, err = s.out.Write(all)
	}
	if err != nil || c.Format != "html" {
		return err
	}
	return explain.WritePageEnd(s.out)
}
