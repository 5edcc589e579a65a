package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/model"
)

// words are what texts are made of. They need no escape in JSON.
var words = strings.Fields(`
	a an the of for with and to in on from by using without fast deep simple large small new
	learning network networks neural convolutional transformer attention detection image
	images segmentation video object recognition text language sentiment question answering
	translation summarization speech deploy deployment pipeline monitoring serving docker
	kubernetes tracking experiments tests data graph series forecasting reinforcement agent
	games recommendation generative adversarial embedding embeddings search library tutorial`)

// writeTexts returns n texts of so many characters, always the same ones.
func writeTexts(n, characters int) []string {
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for b.Len() < characters {
			b.WriteString(words[random.IntN(len(words))])
			b.WriteByte(' ')
		}
		texts[i] = strings.TrimSpace(b.String()[:characters-1]) + "."
	}
	return texts
}

// payload returns the body of a request with these texts.
func payload(texts []string) []byte {
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"text":"%s"}`, text)
	}
	return fmt.Appendf(nil, `{"texts":[%s]}`, b.String())
}

// include is what a request asks for besides the tags: "", model or probabilities.
type include string

const (
	tagsAlone         include = ""
	withModel         include = "model"
	withProbabilities include = "probabilities"
)

// target is that of a request to predict.
func (i include) target() string {
	if i == tagsAlone {
		return "/predict"
	}
	return "/predict?include=" + string(i)
}

// dataOf returns how the answer to payload ends if m gives it: all that is not of the
// moment.
func dataOf(m *model.Model, texts []string, with include) string {
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"input_text":"%s","predicted_tag":"%s"`, text, m.Tag(text))
		if with == withProbabilities {
			b.WriteString(`,"probabilities":{`)
			for k, p := range m.Predict(text).Probabilities {
				if k > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `"%s":%s`, m.Class(k), jsontext.AppendFloat(nil, p, 64))
			}
			b.WriteByte('}')
		}
		b.WriteByte('}')
	}
	if with == withModel {
		return fmt.Sprintf(`,"data":{"predictions":[%s],"model":%q}}`, b.String(), m.RunID())
	}
	return fmt.Sprintf(`,"data":{"predictions":[%s]}}`, b.String())
}
