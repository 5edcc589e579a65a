package protocols

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/jsonread"
	"tagifai/internal/memory"
	"tagifai/internal/oip"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
)

// OIPInferRequest is the body of POST …/infer.
type OIPInferRequest struct {
	ID         string         `json:"id" binding:"optional" example:"42"`                 // Goes back with the answer.
	Parameters jsontext.Value `json:"parameters" binding:"optional" swaggertype:"object"` // Go back with the answer. With binary_data_output, its outputs are binary.
	Inputs     []OIPInput     `json:"inputs"`                                             // The texts. If there are more inputs, those of the one with the name text.
	Outputs    []OIPWanted    `json:"outputs" binding:"optional"`                         // What to answer; without them predicted_tag and probabilities.
}

// OIPInput is an input of an inference.
type OIPInput struct {
	Name       string         `json:"name" example:"text"`
	Datatype   string         `json:"datatype" example:"BYTES"`
	Shape      []int          `json:"shape" example:"1"`                                               // Of n texts [n] or [n,1].
	Data       []string       `json:"data" binding:"optional" example:"Image segmentation with CNNs."` // Flat, or each text in a list of its own. Absent if binary data follows.
	Parameters jsontext.Value `json:"parameters" binding:"optional" swaggertype:"object"`              // The size of binary data, as binary_data_size.
}

// OIPWanted is an output that is asked for.
type OIPWanted struct {
	Name       string         `json:"name" enums:"predicted_tag,probabilities,scores,explanation"`
	Parameters jsontext.Value `json:"parameters" binding:"optional" swaggertype:"object"` // With binary_data, it is binary. With classification, a number k, it is the k best classes.
}

// OIPInferAnswer is the answer to POST …/infer.
type OIPInferAnswer struct {
	ModelName    string         `json:"model_name" example:"tagger"`
	ModelVersion string         `json:"model_version" example:"3"`
	ID           string         `json:"id,omitzero" binding:"optional" example:"42"`
	Parameters   jsontext.Value `json:"parameters,omitzero" binding:"optional" swaggertype:"object"`
	Outputs      []OIPOutput    `json:"outputs"`
}

// OIPOutput is an output of an inference.
type OIPOutput struct {
	Name       string         `json:"name" enums:"predicted_tag,probabilities,scores,explanation"`
	Datatype   string         `json:"datatype" enums:"BYTES,FP64"`
	Shape      []int          `json:"shape"`                                                       // Begins with the number of texts.
	Data       []any          `json:"data,omitzero" binding:"optional"`                            // Strings or numbers, flat. Absent if it is binary.
	Parameters jsontext.Value `json:"parameters,omitzero" binding:"optional" swaggertype:"object"` // The size of binary data, as binary_data_size.
}

// inferenceLength is the header that says how long the JSON is, with binary data behind it.
const inferenceLength = "Inference-Header-Content-Length"

// Infer answers POST /v2/models/{name}/infer.
//
//	@ID				oipInfer
//	@Summary		Predict tags by a model.
//	@Description	By the model's stable version or its canary. With the header `Inference-Header-Content-Length`, binary tensors follow the JSON, as Triton has it; an answer has them where the request asks for it. The Content-Type does not matter. How large a body, a list and a text may be is a setting of the service.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string			true	"The name of the model."
//	@Param			request	body		OIPInferRequest	true	"The texts to classify."
//	@Success		200		{object}	OIPInferAnswer	"A prediction for each text."
//	@Failure		400		{object}	OIPError		"The body is not as it should be; the error says where."
//	@Failure		404		{object}	OIPError		"There is no such model; the error names what there is."
//	@Failure		408		{object}	OIPError		"The body took too long to arrive."
//	@Failure		413		{object}	OIPError		"The body is too large."
//	@Failure		415		{object}	OIPError		"The body is compressed, and not by gzip or zstd."
//	@Failure		500		{object}	OIPError		"The service failed; its log says why."
//	@Failure		503		{object}	OIPError		"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/v2/models/{name}/infer [post]
func (o *OIP) Infer(e *exchange.Exchange, r *http.Request) (any, error) {
	header := -1
	if value := exchange.First(r.Header, inferenceLength); value != "" {
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return nil, &jsonread.Error{Where: inferenceLength, What: fmt.Sprintf("is %.40q, not a number of bytes", value)}
		}
		header = int(n)
	}
	var request *oip.Request
	p, err := o.Classifier.ReadTexts(e, r, 0, func(body []byte, add func(string) error) (err error) {
		request, err = oip.Parse(body, header, add)
		return err
	})
	if err != nil {
		return nil, err
	}
	v := e.Version
	answer, err := request.Answer(v.Name, strconv.Itoa(v.Number), p.Classes(), v.HasProbabilities(), len(p.Texts), p)
	if err != nil {
		return nil, err
	}
	p.WithProbabilities, p.WithScores = answer.Wants(oip.Probabilities), answer.Wants(oip.Scores)
	var explained *classify.Explanations
	if answer.Wants(oip.Explanation) {
		if explained, err = o.Classifier.Explain(e, r, classify.DefaultTop); err != nil {
			return nil, err
		}
	}
	inferred := inference{p, answer}
	if err := o.Classifier.Classify(e, r, p, explained, inferred); err != nil {
		return nil, err
	}
	if answer.Binary() {
		buffer := memory.GetBuffer(0)
		length, b := answer.JSONLength(*buffer)
		memory.PutBuffer(buffer, b)
		e.Header().Set(inferenceLength, strconv.Itoa(length))
		e.Header()["Content-Type"] = octets
	}
	return inferred, nil
}

var octets = []string{"application/octet-stream"}

// InferVersion answers POST /v2/models/{name}/versions/{version}/infer.
//
//	@ID				oipInferVersion
//	@Summary		Predict tags by a version of a model.
//	@Description	As `POST /v2/models/{name}/infer`.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string			true	"The name of the model."
//	@Param			version	path		string			true	"The number of the version, or an alias."
//	@Param			request	body		OIPInferRequest	true	"The texts to classify."
//	@Success		200		{object}	OIPInferAnswer	"A prediction for each text."
//	@Failure		400		{object}	OIPError		"The body is not as it should be; the error says where."
//	@Failure		404		{object}	OIPError		"There is no such model or version; the error names what there is."
//	@Failure		408		{object}	OIPError		"The body took too long to arrive."
//	@Failure		413		{object}	OIPError		"The body is too large."
//	@Failure		415		{object}	OIPError		"The body is compressed, and not by gzip or zstd."
//	@Failure		500		{object}	OIPError		"The service failed; its log says why."
//	@Failure		503		{object}	OIPError		"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/v2/models/{name}/versions/{version}/infer [post]
func (o *OIP) InferVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	return o.Infer(e, r)
}

// inference is an [OIPInferAnswer] before it is encoded.
type inference struct {
	*classify.Results
	answer *oip.Answer
}

func (f inference) Room() int                         { return f.answer.Room() }
func (f inference) Largest() int                      { return f.answer.Largest() }
func (f inference) Parts() int                        { return f.answer.Parts() }
func (f inference) AppendPart(b []byte, i int) []byte { return f.answer.AppendPart(b, i) }
