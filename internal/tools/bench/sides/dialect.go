package sides

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"tagifai/internal/server/classify"
)

// A Dialect is how a side is asked for the probabilities of texts, and how it answers.
type Dialect struct {
	Path          string
	Request       func(texts []string) any // what the body is the JSON of
	Probabilities func(answer []byte) ([][]float64, error)
}

// Path returns the path of the side's predictions.
func (s Side) Path() string {
	switch {
	case s.Dialect != nil:
		return s.Dialect.Path
	case s.Include != "":
		return "/predict?include=" + s.Include
	}
	return "/predict"
}

// Body returns the body that asks the side for predictions of the texts.
func (s Side) Body(texts []string) (string, error) {
	var request any
	if s.Dialect != nil {
		request = s.Dialect.Request(texts)
	} else {
		var payload classify.PredictPayload
		for _, text := range texts {
			payload.Texts = append(payload.Texts, classify.Text{Text: text})
		}
		request = payload
	}
	body, err := json.Marshal(request)
	return string(body), err
}

// textsObject is the request of services that define their own.
type textsObject struct {
	Texts []string `json:"texts"`
}

func inTexts(texts []string) any { return textsObject{texts} }

// predictionsObject is how MLflow answers, and LitServe as we have it.
type predictionsObject struct {
	Predictions [][]float64 `json:"predictions"`
}

func ofPredictions(answer []byte) ([][]float64, error) {
	var object predictionsObject
	err := json.Unmarshal(answer, &object)
	return object.Predictions, err
}

func ofArray(answer []byte) (rows [][]float64, err error) {
	err = json.Unmarshal(answer, &rows)
	return rows, err
}

// inferRequest is a request of the Open Inference Protocol, as MLServer's runtime for
// scikit-learn wants it.
type inferRequest struct {
	Inputs  []inferInput  `json:"inputs"`
	Outputs []inferOutput `json:"outputs"`
}

type inferInput struct {
	Name       string            `json:"name"`
	Datatype   string            `json:"datatype"`
	Shape      []int             `json:"shape"`
	Parameters map[string]string `json:"parameters"`
	Data       []string          `json:"data"`
}

type inferOutput struct {
	Name string `json:"name"`
}

func inInfer(texts []string) any {
	return inferRequest{
		Inputs:  []inferInput{{"text", "BYTES", []int{len(texts), 1}, map[string]string{"content_type": "str"}, texts}},
		Outputs: []inferOutput{{"predict_proba"}},
	}
}

func ofInfer(answer []byte) ([][]float64, error) {
	var response struct {
		Outputs []struct {
			Shape []int     `json:"shape"`
			Data  []float64 `json:"data"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal(answer, &response); err != nil {
		return nil, err
	}
	if len(response.Outputs) != 1 || len(response.Outputs[0].Shape) != 2 {
		return nil, fmt.Errorf("not one output of two dimensions: %s", answer)
	}
	shape, data := response.Outputs[0].Shape, response.Outputs[0].Data
	if shape[0] < 0 || shape[1] < 1 || len(data) != shape[0]*shape[1] {
		return nil, fmt.Errorf("%d numbers are not of the shape %v", len(data), shape)
	}
	rows := make([][]float64, shape[0])
	for i := range rows {
		rows[i] = data[i*shape[1] : (i+1)*shape[1]]
	}
	return rows, nil
}
