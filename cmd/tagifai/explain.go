package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/explain"
	"tagifai/internal/prediction"
)

type explainCommand struct {
	Texts   []string `arg:"" optional:"" name:"text" help:"Texts to explain; without any, every line of standard input is one."`
	Model   *string  `placeholder:"DIR" help:"Artifact directory; the embedded model if left out."`
	Classes []string `placeholder:"CLASS" help:"Classes to explain beside the predicted one."`
	Top     int      `default:"10" placeholder:"N" help:"How many n-grams to name: those that contribute most (${default})."`
	Format  string   `enum:"text,json,html" default:"text" placeholder:"FORMAT" help:"text: for people, in colour on a terminal; json: an object a line, as the service answers it; html: a page (${default})."`
}

func (explainCommand) Help() string {
	return "The weights of the n-grams and the intercept add up to the score of the class, and so do those of the stretches of the text.\n\n" +
		"Example:\n\n    tagifai explain \"Object detection with YOLO\"\n    tagifai explain --format html < lines.txt > why.html"
}

func (c explainCommand) Run(ctx context.Context, env cli.Env) error {
	if c.Top < 0 {
		return cli.Misuse(fmt.Errorf("--top %d is negative; give 0 or more", c.Top))
	}
	m, err := cli.OpenModelWarning(c.Model, env.Err)
	if err != nil {
		return err
	}
	var classes []int
	for _, name := range c.Classes {
		class := slices.Index(m.Classes(), name)
		if class < 0 {
			return cli.Misuse(fmt.Errorf("--classes: %q is not a class of the model; its classes: %s", name, strings.Join(m.Classes(), ", ")))
		}
		classes = append(classes, class)
	}
	colour := cli.IsTerminal(env.Out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
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
		if err := explain.WritePageStart(env.Out); err != nil {
			return err
		}
	}
	if len(c.Texts) == 0 {
		err = eachLine(ctx, env.In, env.Out, explained)
	} else {
		var all []byte
		for _, text := range c.Texts {
			all = explained(all, text)
		}
		_, err = env.Out.Write(all)
	}
	if err != nil || c.Format != "html" {
		return err
	}
	return explain.WritePageEnd(env.Out)
}
