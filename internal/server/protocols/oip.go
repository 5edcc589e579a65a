// Package protocols has the routes of other servers' protocols, for their clients: the Open
// Inference Protocol and MLflow's. A protocol is its handlers, the types of its bodies and
// answers, and a dialect, in which its errors are written.
package protocols

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/jsonbody"
	"tagifai/internal/jsonread"
	"tagifai/internal/memory"
	"tagifai/internal/oip"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/exchange"
	"tagifai/internal/store"
)

// Models are what is served: a [registry.Registry], or what a test puts in its place.
type Models interface {
	Models(ctx context.Context, after string, limit int, include func(name string) bool) (models []registry.Summary, more bool, err error)
	Model(ctx context.Context, name string) (*registry.Overview, error)
}

// OIP answers the routes of the Open Inference Protocol.
type OIP struct {
	Version    string // of the service
	Models     Models
	Admission  *admission.Admission
	Classifier *classify.Classifier
}

// OIPDialect is the dialect of the Open Inference Protocol.
type OIPDialect struct{ exchange.Bare }

// AppendRefusal appends an [OIPError].
func (OIPDialect) AppendRefusal(b []byte, _ *exchange.Exchange, _ *http.Request, refused exchange.Refusal) []byte {
	return append(exchange.AppendQuote(append(b, `{"error":`...), refused.Text()), '}')
}

// Compresses is as in Triton. The asyncio client of tritonclient accepts gzip with every
// request, and cannot read it in any other answer than that to an inference.
func (OIPDialect) Compresses(value any) bool {
	_, ok := value.(inference)
	return ok
}

// OIPError is the answer to a request that failed.
type OIPError struct {
	Error string `json:"error" example:"inputs[0].datatype: is \"FP32\", but texts are BYTES"`
}

// OIPServer says what the service is.
type OIPServer struct {
	Name       string   `json:"name" example:"tagifai"`
	Version    string   `json:"version" example:"1.0.0"`
	Extensions []string `json:"extensions" example:"binary_tensor_data,classification"`
}

// Server answers GET /v2.
//
//	@ID				oipServer
//	@Summary		Show the service.
//	@Description	Its version, and which extensions of the protocol it has.
//	@Tags			Open Inference Protocol
//	@Success		200	{object}	OIPServer	"The service."
//	@Router			/v2 [get]
func (o *OIP) Server(*exchange.Exchange, *http.Request) (any, error) {
	return OIPServer{"tagifai", o.Version, oip.Extensions()}, nil
}

// OIPLive says that the process is alive.
type OIPLive struct {
	Live bool `json:"live" example:"true"`
}

// Live answers GET /v2/health/live.
//
//	@ID				oipLive
//	@Summary		Is the process alive?
//	@Description	As `GET /livez`.
//	@Tags			Open Inference Protocol
//	@Success		200	{object}	OIPLive	"It is."
//	@Router			/v2/health/live [get]
func (o *OIP) Live(*exchange.Exchange, *http.Request) (any, error) { return OIPLive{true}, nil }

// OIPReady says that the service is ready.
type OIPReady struct {
	Ready bool `json:"ready" example:"true"`
}

// Ready answers GET /v2/health/ready.
//
//	@ID				oipReady
//	@Summary		Is the service ready?
//	@Description	As `GET /readyz`: the default model is asked to predict.
//	@Tags			Open Inference Protocol
//	@Success		200	{object}	OIPReady	"It is."
//	@Failure		503	{object}	OIPError	"It is not."
//	@Router			/v2/health/ready [get]
func (o *OIP) Ready(_ *exchange.Exchange, r *http.Request) (any, error) {
	return OIPReady{true}, o.Admission.Ready(r.Context())
}

// OIPIndexRequest is the body of POST /v2/repository/index, which may be left out.
type OIPIndexRequest struct {
	Ready bool `json:"ready" binding:"optional" example:"true"` // Whether only versions are wanted that answer.
}

// OIPIndexEntry is a version in the index of the models.
type OIPIndexEntry struct {
	Name    string `json:"name" example:"tagger"`
	Version string `json:"version" example:"3"`
	State   string `json:"state" enums:"READY,UNAVAILABLE"`
	Reason  string `json:"reason" example:""` // Why it is unavailable.
}

// modelsAtATime is how many models are listed at a time.
const modelsAtATime = 1000

// oipIndexRoom is more than an entry of the index takes in memory.
const oipIndexRoom = 512

// Index answers POST /v2/repository/index.
//
//	@ID				oipIndex
//	@Summary		List the versions of all models.
//	@Description	A key or a token sees only the models that it is for. A version that is loaded when it is asked for counts as ready.
//	@Tags			Open Inference Protocol
//	@Param			request	body		OIPIndexRequest	false	"Which versions to list."
//	@Success		200		{array}		OIPIndexEntry	"The versions."
//	@Failure		400		{object}	OIPError		"The body is not as it should be."
//	@Failure		413		{object}	OIPError		"The body is too large."
//	@Failure		503		{object}	OIPError		"The service is busy, or the store cannot be read: try again after as many seconds as Retry-After says."
//	@Router			/v2/repository/index [post]
func (o *OIP) Index(e *exchange.Exchange, r *http.Request) (any, error) {
	onlyReady, err := o.readIndexRequest(r)
	if err != nil {
		return nil, err
	}
	index := []OIPIndexEntry{}
	for after, more := "", true; more; {
		var models []registry.Summary
		if models, more, err = o.Models.Models(r.Context(), after, modelsAtATime, e.MayUse); err != nil {
			return nil, err
		}
		for _, m := range models {
			after = m.Name
			overview, err := o.Models.Model(r.Context(), m.Name)
			if err != nil {
				return nil, err
			}
			if err := e.Hold((len(index) + len(overview.Versions)) * oipIndexRoom); err != nil {
				return nil, err
			}
			for _, v := range overview.Versions {
				entry := OIPIndexEntry{m.Name, strconv.Itoa(v.Number), "READY", v.Reason}
				if v.State == registry.Failed {
					entry.State = "UNAVAILABLE"
				}
				if !onlyReady || v.State != registry.Failed {
					index = append(index, entry)
				}
			}
		}
	}
	return index, nil
}

// readIndexRequest reads the body of a request for the index.
func (o *OIP) readIndexRequest(r *http.Request) (onlyReady bool, err error) {
	buffer := memory.GetBuffer(0)
	body, err := jsonbody.Raw(smallBody).Read(*buffer, r, growNot)
	defer memory.PutBuffer(buffer, body)
	if err != nil || len(body) == 0 {
		return false, err
	}
	d := jsonread.New(body, "")
	if err := d.Object(func(name string) (err error) {
		if name != "ready" {
			return d.Skip()
		}
		onlyReady, err = d.Bool()
		return err
	}); err != nil {
		return false, err
	}
	return onlyReady, d.End()
}

// growNot refuses a body that fills the smallest buffer.
func growNot([]byte) ([]byte, error) { return nil, &http.MaxBytesError{Limit: smallBody} }

// smallBody is how many bytes a body may have that only says a few words.
const smallBody = 4<<10 - 1

// OIPModel says what a model takes and gives.
type OIPModel struct {
	Name     string       `json:"name" example:"tagger"`
	Versions []string     `json:"versions" example:"2,3"`
	Platform string       `json:"platform" example:"tagifai"`
	Inputs   []oip.Tensor `json:"inputs"`
	Outputs  []oip.Tensor `json:"outputs"` // Without a choice, the first two are answered.
}

// Model answers GET /v2/models/{name}.
//
//	@ID				oipModel
//	@Summary		Show what a model takes and gives.
//	@Description	The outputs are those of its stable version; probabilities and scores say which classes they are for.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string		true	"The name of the model."
//	@Success		200		{object}	OIPModel	"The model."
//	@Failure		404		{object}	OIPError	"There is no such model; the error names what there is."
//	@Failure		503		{object}	OIPError	"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/v2/models/{name} [get]
func (o *OIP) Model(e *exchange.Exchange, r *http.Request) (any, error) {
	name := chi.URLParam(r, "name")
	overview, err := o.Models.Model(r.Context(), name)
	if err != nil {
		return nil, err
	}
	v, err := o.Admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	m := OIPModel{
		Name: name, Versions: make([]string, len(overview.Versions)), Platform: "tagifai",
		Inputs: oip.Inputs(), Outputs: oip.Outputs(v.Classes(), v.HasProbabilities()),
	}
	for i, v := range overview.Versions {
		m.Versions[i] = strconv.Itoa(v.Number)
	}
	return m, nil
}

// ModelVersion answers GET /v2/models/{name}/versions/{version}.
//
//	@ID				oipVersion
//	@Summary		Show what a version of a model takes and gives.
//	@Description	As `GET /v2/models/{name}`.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string		true	"The name of the model."
//	@Param			version	path		string		true	"The number of the version, or an alias."
//	@Success		200		{object}	OIPModel	"The model."
//	@Failure		404		{object}	OIPError	"There is no such model or version; the error names what there is."
//	@Failure		503		{object}	OIPError	"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/v2/models/{name}/versions/{version} [get]
func (o *OIP) ModelVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	return o.Model(e, r)
}

// OIPModelReady says that a model is ready.
type OIPModelReady struct {
	Name  string `json:"name" example:"tagger"`
	Ready bool   `json:"ready" example:"true"`
}

// ModelReady answers GET /v2/models/{name}/ready.
//
//	@ID				oipModelReady
//	@Summary		Is a model ready?
//	@Description	No model is loaded to answer: a version that is loaded when it is asked for counts as ready.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string			true	"The name of the model."
//	@Success		200		{object}	OIPModelReady	"It is."
//	@Failure		404		{object}	OIPError		"There is no such model."
//	@Failure		503		{object}	OIPError		"It is not."
//	@Router			/v2/models/{name}/ready [get]
func (o *OIP) ModelReady(_ *exchange.Exchange, r *http.Request) (any, error) {
	if err := o.Admission.Draining(); err != nil {
		return nil, err
	}
	ref := admission.RefOf(r)
	overview, err := o.Models.Model(r.Context(), ref.Model)
	if err != nil {
		return nil, err
	}
	return OIPModelReady{ref.Model, true}, overview.Check(cmp.Or(ref.Version, store.Stable))
}

// ModelVersionReady answers GET /v2/models/{name}/versions/{version}/ready.
//
//	@ID				oipVersionReady
//	@Summary		Is a version of a model ready?
//	@Description	As `GET /v2/models/{name}/ready`.
//	@Tags			Open Inference Protocol
//	@Param			name	path		string			true	"The name of the model."
//	@Param			version	path		string			true	"The number of the version, or an alias."
//	@Success		200		{object}	OIPModelReady	"It is."
//	@Failure		404		{object}	OIPError		"There is no such model or version."
//	@Failure		503		{object}	OIPError		"It is not."
//	@Router			/v2/models/{name}/versions/{version}/ready [get]
func (o *OIP) ModelVersionReady(e *exchange.Exchange, r *http.Request) (any, error) {
	return o.ModelReady(e, r)
}
