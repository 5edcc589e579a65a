package server

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/config"
	"tagifai/internal/gate"
	"tagifai/internal/jsonbody"
	"tagifai/internal/lookup"
	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/query"
)

// StoredPrediction is the data of GET /predictions/{id}. It has a tag or an error.
type StoredPrediction struct {
	ID            string         `json:"id" example:"42"`
	PredictedTag  string         `json:"predicted_tag,omitzero" binding:"optional" example:"computer-vision"`          // Absent if there is an error.
	Probability   *float64       `json:"probability,omitzero" binding:"optional" example:"0.974946340795426"`          // Of the most probable class; absent for a model that has none.
	Probabilities jsontext.Value `json:"probabilities,omitzero" binding:"optional" swaggertype:"object,number"`        // Of all classes, if the batch was asked for them.
	Error         string         `json:"error,omitzero" binding:"optional" example:"the text is empty"`                // What was wrong with the row of the source, if anything was.
	Model         string         `json:"model" example:"tagger"`                                                       // The name of the model.
	Version       string         `json:"version" example:"3"`                                                          // Of the model; the id of its run outside of a store.
	Checksum      string         `json:"checksum" example:"38a3902ad4ad5b88a03d238fe2430fa4"`                          // SHA-256 of the model.
	TextSHA256    string         `json:"text_sha256" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c"` // SHA-256 of the text.
	PredictedAt   time.Time      `json:"predicted_at" format:"date-time" example:"2026-11-24T12:00:00.000001Z"`
	Stale         bool           `json:"stale"`                                                 // Whether the stable version is another one by now.
	Keep          jsontext.Value `json:"keep,omitzero" binding:"optional" swaggertype:"object"` // The columns that the batch was told to keep, if any.
}

// StoredPredictions is the data of GET /predictions.
type StoredPredictions struct {
	Predictions []*StoredPrediction `json:"predictions"` // In the order of the ids.
	Missing     []string            `json:"missing"`     // The ids that have none.
}

// maxIDs is how many ids a request may have.
const maxIDs = 1000

// maxNamedID is how many bytes of an id an error has.
const maxNamedID = 256

// errNoTable is the answer where the setting is off.
var errNoTable = errors.New("no table of predictions is served")

// A missingError says that there is no prediction for an id.
type missingError struct{ model, id string }

func (e *missingError) Error() string {
	id := e.id
	if len(id) > maxNamedID {
		id = strings.ToValidUTF8(id[:maxNamedID], "") + "…"
	}
	return fmt.Sprintf("There is no prediction of model %q for the id %q", e.model, id)
}

// stored is what the routes of predictions from a table need.
type stored struct {
	table *lookup.Table
	gate  *gate.Gate // of its own, so that a database that is slow keeps nobody else waiting
	found *prometheus.CounterVec
}

const (
	fresh   = "fresh"
	stale   = "stale"
	bad     = "error"
	missing = "missing"
)

// newStored returns nil without a table.
func newStored(table *lookup.Table, settings *config.Settings, registry *prometheus.Registry) *stored {
	if table == nil {
		return nil
	}
	found := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tagifai_stored_predictions_total",
		Help: "Ids that were looked up in the table of predictions, by what was found.",
	}, []string{"result"})
	registry.MustRegister(found)
	for _, result := range []string{fresh, stale, bad, missing} {
		found.WithLabelValues(result)
	}
	return &stored{table, gate.New(settings.PredictionsConnections, settings.Limits), found}
}

// storedPrediction answers GET /predictions/{id}.
//
//	@ID				storedPrediction
//	@Summary		Get the stored prediction for an id.
//	@Description	The newest prediction that `tagifai batch` has written for this id, by any version of the default model. A slash in the id may be escaped or not. The setting `predictions` of the service names the database; without it the answer is a 404 that says so.
//	@Tags			Prediction
//	@Param			id	path		string						true	"The id in the source of the batch."
//	@Success		200	{object}	exchange.Answer[StoredPrediction]	"The prediction, or what was wrong with the row."
//	@Failure		404	{object}	exchange.Problem						"There is no prediction for the id, or no table of predictions is served."
//	@Failure		413	{object}	exchange.Problem						"The answer would be too large: ask for less at once."
//	@Failure		500	{object}	exchange.Problem						"The service failed; its log says why."
//	@Failure		503	{object}	exchange.Problem						"The database is away, or the service is busy: try again after as many seconds as Retry-After says."
//	@Router			/predictions/{id} [get]
func (s *Server) storedPrediction(e *exchange.Exchange, r *http.Request) (any, error) {
	id := chi.URLParam(r, "*")
	if id == "" {
		return nil, errNotFound
	}
	found, stable, err := s.lookUp(e, r, []string{id})
	if err != nil {
		return nil, err
	}
	if p := found[id]; p != nil {
		return p, nil
	}
	return nil, &missingError{stable.Model, id}
}

// storedPredictions answers GET /predictions.
//
//	@ID				storedPredictions
//	@Summary		Get the stored predictions for many ids.
//	@Description	As `GET /predictions/{id}` for each of them. An id that is asked for twice is answered once.
//	@Tags			Prediction
//	@Param			id	query		[]string					true	"The ids, each a parameter of its own."	collectionFormat(multi)	minItems(1)	maxItems(1000)
//	@Success		200	{object}	exchange.Answer[StoredPredictions]	"The predictions in the order of the ids, and the ids that have none."
//	@Failure		404	{object}	exchange.Problem						"No table of predictions is served."
//	@Failure		413	{object}	exchange.Problem						"The answer would be too large: ask for less at once."
//	@Failure		422	{object}	exchange.Invalid						"There is no id, or there are too many."
//	@Failure		500	{object}	exchange.Problem						"The service failed; its log says why."
//	@Failure		503	{object}	exchange.Problem						"The database is away, or the service is busy: try again after as many seconds as Retry-After says."
//	@Router			/predictions [get]
func (s *Server) storedPredictions(e *exchange.Exchange, r *http.Request) (any, error) {
	if s.stored == nil {
		return nil, errNoTable
	}
	ids := query.Values(r, "id")
	item := jsonbody.Item{Loc: []any{"query", "id"}}
	switch {
	case len(ids) == 0:
		item.Msg, item.Type = "field required", "value_error.missing"
	case len(ids) > maxIDs:
		item.Msg, item.Type, item.Ctx = fmt.Sprintf("ensure this value has at most %d items", maxIDs), "value_error.list.max_items", query.LimitCtx{LimitValue: maxIDs}
	}
	if item.Msg != "" {
		return nil, &jsonbody.InvalidError{Items: []jsonbody.Item{item}}
	}
	found, _, err := s.lookUp(e, r, ids)
	if err != nil {
		return nil, err
	}
	answer := StoredPredictions{make([]*StoredPrediction, 0, len(found)), []string{}}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		switch p := found[id]; {
		case seen[id]:
		case p != nil:
			answer.Predictions = append(answer.Predictions, p)
		default:
			answer.Missing = append(answer.Missing, id)
		}
		seen[id] = true
	}
	return answer, nil
}

// modelStoredPrediction answers GET /models/{name}/predictions/{id}.
//
//	@ID				modelStoredPrediction
//	@Summary		Get the stored prediction of a model for an id.
//	@Description	As `GET /predictions/{id}`, of this model.
//	@Tags			Models
//	@Param			name	path		string						true	"The name of the model."
//	@Param			id		path		string						true	"The id in the source of the batch."
//	@Success		200		{object}	exchange.Answer[StoredPrediction]	"The prediction, or what was wrong with the row."
//	@Failure		404		{object}	exchange.Problem						"There is no such model, no prediction for the id, or no table of predictions is served."
//	@Failure		413		{object}	exchange.Problem						"The answer would be too large: ask for less at once."
//	@Failure		500		{object}	exchange.Problem						"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem						"The database is away, or the service is busy: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/predictions/{id} [get]
func (s *Server) modelStoredPrediction(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.storedPrediction(e, r)
}

// modelStoredPredictions answers GET /models/{name}/predictions.
//
//	@ID				modelStoredPredictions
//	@Summary		Get the stored predictions of a model for many ids.
//	@Description	As `GET /predictions`, of this model.
//	@Tags			Models
//	@Param			name	path		string						true	"The name of the model."
//	@Param			id		query		[]string					true	"The ids, each a parameter of its own."	collectionFormat(multi)	minItems(1)	maxItems(1000)
//	@Success		200		{object}	exchange.Answer[StoredPredictions]	"The predictions in the order of the ids, and the ids that have none."
//	@Failure		404		{object}	exchange.Problem						"There is no such model, or no table of predictions is served."
//	@Failure		413		{object}	exchange.Problem						"The answer would be too large: ask for less at once."
//	@Failure		422		{object}	exchange.Invalid						"There is no id, or there are too many."
//	@Failure		500		{object}	exchange.Problem						"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem						"The database is away, or the service is busy: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/predictions [get]
func (s *Server) modelStoredPredictions(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.storedPredictions(e, r)
}

// lookUp returns what the table has for these ids.
func (s *Server) lookUp(e *exchange.Exchange, r *http.Request, ids []string) (map[string]*StoredPrediction, *registry.Stable, error) {
	if s.stored == nil {
		return nil, nil, errNoTable
	}
	ctx := r.Context()
	if s.stored.gate.Full() {
		return nil, nil, gate.ErrFull
	}
	stable, err := s.versions.Stable(ctx, admission.RefOf(r).Model)
	if err != nil {
		return nil, nil, err
	}
	if err := e.Enter(ctx, s.stored.gate); err != nil {
		return nil, nil, err
	}
	found := make(map[string]*StoredPrediction, len(ids))
	results := map[string]int{}
	bytes := 0
	err = s.stored.table.Newest(ctx, stable.Model, ids, func(p *lookup.Prediction) error {
		stored := &StoredPrediction{
			ID: p.ID, PredictedTag: p.Tag, Probability: p.Probability, Probabilities: p.Probabilities, Error: p.Error,
			Model: stable.Model, Version: p.Version, Checksum: p.Checksum, TextSHA256: p.TextSHA256, PredictedAt: p.At,
			Stale: !stable.Made(p.Version, p.Checksum), Keep: p.Keep,
		}
		found[p.ID] = stored
		switch {
		case p.Error != "":
			results[bad]++
		case stored.Stale:
			results[stale]++
		default:
			results[fresh]++
		}
		bytes += p.Bytes()
		return e.Hold(timesEncoded * bytes)
	})
	if err != nil {
		return nil, nil, err
	}
	results[missing] = len(ids) - len(found)
	for result, n := range results {
		s.stored.found.WithLabelValues(result).Add(float64(n))
	}
	return found, stable, nil
}

// timesEncoded is how much larger predictions get while they are encoded: the rows, the
// JSON of them, and a buffer that grows to twice its size.
const timesEncoded = 4
