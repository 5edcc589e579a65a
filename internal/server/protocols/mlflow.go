package protocols

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/invocations"
	"tagifai/internal/jsonread"
	"tagifai/internal/prediction"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
)

// ErrNotMLflow is the answer to a body of a type that MLflow does not send.
var ErrNotMLflow = errors.New("the body is of no type that MLflow sends")

// MLflow answers the routes of MLflow's scoring server.
type MLflow struct {
	Version     string // of the service
	Admission   *admission.Admission
	Classifier  *classify.Classifier
	Invocations invocations.Reader
}

// MLflowDialect is the dialect of MLflow's scoring server.
type MLflowDialect struct{ exchange.Bare }

// mlflowCodes are MLflow's names of errors.
var mlflowCodes = map[int]string{
	http.StatusUnauthorized:        "UNAUTHENTICATED",
	http.StatusForbidden:           "PERMISSION_DENIED",
	http.StatusNotFound:            "ENDPOINT_NOT_FOUND",
	http.StatusTooManyRequests:     "REQUEST_LIMIT_EXCEEDED",
	http.StatusInternalServerError: "INTERNAL_ERROR",
	http.StatusServiceUnavailable:  "TEMPORARILY_UNAVAILABLE",
}

// AppendRefusal appends an [MLflowError].
func (MLflowDialect) AppendRefusal(b []byte, _ *exchange.Exchange, _ *http.Request, refused exchange.Refusal) []byte {
	code, ok := mlflowCodes[refused.Status]
	if !ok {
		code = "BAD_REQUEST"
	}
	b = append(append(b, `{"error_code":"`...), code...)
	return append(exchange.AppendQuote(append(b, `","message":`...), refused.Text()), '}')
}

// MLflowError is the answer to a request that failed.
type MLflowError struct {
	ErrorCode string `json:"error_code" example:"BAD_REQUEST"`
	Message   string `json:"message" example:"the body has none of dataframe_split, dataframe_records, instances, inputs"`
}

// text is an answer that is no JSON.
type text string

func (t text) Room() int                         { return len(t) }
func (t text) Largest() int                      { return len(t) }
func (t text) Parts() int                        { return 1 }
func (t text) AppendPart(b []byte, _ int) []byte { return append(b, t...) }

var plainText = []string{"text/plain; charset=utf-8"}

// Ping answers GET /ping.
//
//	@ID				mlflowPing
//	@Summary		Is the service ready?
//	@Description	As `GET /readyz`: the default model is asked to predict. The answer is empty.
//	@Tags			MLflow
//	@Success		200	"It is."
//	@Failure		503	{object}	MLflowError	"It is not."
//	@Router			/ping [get]
func (m *MLflow) Ping(_ *exchange.Exchange, r *http.Request) (any, error) {
	return text(""), m.Admission.Ready(r.Context())
}

// Health answers GET /health.
//
//	@ID				mlflowHealth
//	@Summary		Is the service ready?
//	@Description	As `GET /ping`.
//	@Tags			MLflow
//	@Success		200	"It is."
//	@Failure		503	{object}	MLflowError	"It is not."
//	@Router			/health [get]
func (m *MLflow) Health(e *exchange.Exchange, r *http.Request) (any, error) {
	return m.Ping(e, r)
}

// ServiceVersion answers GET /version.
//
//	@ID				mlflowVersion
//	@Summary		Show the version of the service.
//	@Description	Of this service, not of MLflow.
//	@Tags			MLflow
//	@Produce		plain
//	@Success		200	{string}	string	"The version."
//	@Router			/version [get]
func (m *MLflow) ServiceVersion(e *exchange.Exchange, _ *http.Request) (any, error) {
	e.Header()["Content-Type"] = plainText
	return text(m.Version), nil
}

// MLflowRequest is the body of POST /invocations: one of the first four.
type MLflowRequest struct {
	DataframeSplit   *MLflowSplit     `json:"dataframe_split" binding:"optional"`
	DataframeRecords []map[string]any `json:"dataframe_records" binding:"optional"`                                              // Rows, each with the values by their columns.
	Instances        jsontext.Value   `json:"instances" binding:"optional" swaggertype:"array,string"`                           // Texts, each alone, in a list or as the value of a column.
	Inputs           jsontext.Value   `json:"inputs" binding:"optional" swaggertype:"array,string" example:"Image segmentation"` // The same, or a list of texts by the name of their column.
	Params           *MLflowParams    `json:"params" binding:"optional"`
}

// MLflowSplit is a data frame whose columns and rows are apart.
type MLflowSplit struct {
	Columns []any   `json:"columns" binding:"optional"` // Names; numbers where nobody has named them.
	Index   []any   `json:"index" binding:"optional"`   // Not read.
	Data    [][]any `json:"data"`                       // Rows, each with a value for each column.
}

// MLflowParams says what to predict.
type MLflowParams struct {
	PredictMethod string `json:"predict_method" binding:"optional" enums:"predict,predict_proba" example:"predict"`
}

// MLflowAnswer is the answer to POST /invocations.
type MLflowAnswer struct {
	// A tag for each text or, with predict_proba, the probabilities of all classes, in the
	// order of their indices.
	Predictions []any `json:"predictions"`
}

// Invoke answers POST /invocations.
//
//	@ID				mlflowInvocations
//	@Summary		Predict tags by the default model.
//	@Description	The body is one of `dataframe_split`, `dataframe_records`, `instances` and `inputs`, as MLflow has them, or a table as `text/csv` whose first line names the columns. The table has one column of texts, or the setting `mlflow-column` names it, and no more than 10,000 columns.
//	@Tags			MLflow
//	@Accept			json
//	@Param			request	body		MLflowRequest	true	"The texts to classify."
//	@Success		200		{object}	MLflowAnswer	"A prediction for each text."
//	@Failure		400		{object}	MLflowError		"The body is not as it should be; the message says where."
//	@Failure		408		{object}	MLflowError		"The body took too long to arrive."
//	@Failure		413		{object}	MLflowError		"The body is too large."
//	@Failure		415		{object}	MLflowError		"The body is neither JSON nor CSV, or it is compressed, and not by gzip or zstd."
//	@Failure		500		{object}	MLflowError		"The service failed; its log says why."
//	@Failure		503		{object}	MLflowError		"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/invocations [post]
func (m *MLflow) Invoke(e *exchange.Exchange, r *http.Request) (any, error) {
	kind, ok := invocations.TypeOf(exchange.First(r.Header, "Content-Type"))
	if !ok {
		return nil, ErrNotMLflow
	}
	probabilities := false
	p, err := m.Classifier.ReadTexts(e, r, 1, func(body []byte, add func(string) error) (err error) {
		probabilities, err = m.Invocations.Parse(kind, body, add)
		return err
	})
	if err != nil {
		return nil, err
	}
	if probabilities && !e.Version.HasProbabilities() {
		return nil, &jsonread.Error{Where: "params.predict_method", What: "the model has no probabilities, as its classifier was not trained to give any"}
	}
	p.WithProbabilities = probabilities
	answered := invocation{p}
	return answered, m.Classifier.Classify(e, r, p, nil, answered)
}

// invocation is an [MLflowAnswer] before it is encoded.
type invocation struct{ *classify.Results }

func (p invocation) Room() int { return len(p.Texts)*p.Largest() + 2*len(`{"predictions":[]}`) }

func (p invocation) Largest() int {
	const number = len(`0.0000010000000000000001,`)
	if p.WithProbabilities {
		return len(`[],`) + number*len(p.Classes())
	}
	longest := 0
	for _, class := range p.Classes() {
		longest = max(longest, len(class))
	}
	return longest + len(`"",`)
}

func (p invocation) Parts() int { return len(p.Texts) + 1 }

func (p invocation) AppendPart(b []byte, i int) []byte {
	switch i {
	case 0:
		b = append(b, `{"predictions":[`...)
	case len(p.Texts):
		return append(b, `]}`...)
	default:
		b = append(b, ',')
	}
	if !p.WithProbabilities {
		return exchange.AppendQuote(b, p.Classes()[p.Tag(i)])
	}
	separator := byte('[')
	for _, number := range p.Probabilities(i) {
		b = prediction.AppendNumber(append(b, separator), number)
		separator = ','
	}
	return append(b, ']')
}
