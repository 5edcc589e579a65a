package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/jsonbody"
	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
	"tagifai/internal/server/query"
)

// Models is the data of GET /models.
type Models struct {
	Models []ModelSummary `json:"models"`
	// The name to go on after, for the next page; only if there is one.
	Next string `json:"next,omitzero" binding:"optional" example:"tagger"`
}

// ModelSummary is a model as the list has it.
type ModelSummary struct {
	Name    string            `json:"name" example:"tagger"`
	Aliases map[string]string `json:"aliases"`                                                                                                                        // Versions by alias, as they are served.
	Default bool              `json:"default"`                                                                                                                        // Whether it answers where the path names no model.
	Behind  string            `json:"behind,omitzero" binding:"optional" example:"stable should be version 3: version 3 of \"tagger\": model.safetensors is missing"` // Why this is not what should be served; only if it is not.
}

// Model is the data of GET /models/{name}.
type Model struct {
	ModelSummary
	Versions []VersionState `json:"versions"`                           // By number.
	Canary   *Canary        `json:"canary,omitzero" binding:"optional"` // The version that gets a share of the requests, if there is one.
	Shadow   *Shadow        `json:"shadow,omitzero" binding:"optional"` // The version that predicts the same texts for comparison, if there is one.
	History  []Move         `json:"history"`                            // What moved, oldest first.
}

// VersionState says whether a version answers.
type VersionState struct {
	Version string `json:"version" example:"3"`
	State   string `json:"state" enums:"loaded,available,failed"`                                     // Whether it answers at once, is loaded when it is asked for, or cannot be.
	Reason  string `json:"reason,omitzero" binding:"optional" example:"model.safetensors is missing"` // What is wrong with it, if anything is.
}

// Canary is a version that gets a share of the requests that name none.
type Canary struct {
	Version string  `json:"version" example:"4"`
	Percent float64 `json:"percent" example:"5"`
}

// Shadow is a version that predicts the same texts, for comparison alone.
type Shadow struct {
	Version string `json:"version" example:"5"`
}

// Move says what moved when, from where to where, and by whom.
type Move struct {
	Time     string  `json:"time" format:"date-time" example:"2026-11-24T12:00:00Z"`
	By       string  `json:"by" example:"ann@ops"`
	What     string  `json:"what" example:"stable"`                                // The alias, canary or shadow.
	From     string  `json:"from,omitzero" binding:"optional" example:"2"`         // Absent if it was nowhere.
	To       string  `json:"to,omitzero" binding:"optional" example:"3"`           // Absent if it is nowhere now.
	Percent  float64 `json:"percent,omitzero" binding:"optional" example:"5"`      // The share of a canary from then on.
	Rollback bool    `json:"rollback,omitzero" binding:"optional" example:"false"` // Whether it took an earlier move back.
}

// The number of models of a page.
const (
	pageOfModels = 100
	maxModels    = 1000
)

// models answers GET /models.
//
//	@ID				models
//	@Summary		List the models.
//	@Description	In pages, sorted by name. A key or a token sees only the models that it is for. No model is loaded to answer.
//	@Tags			Models
//	@Param			after	query		string	false	"The name that the page begins after: next of the page before."
//	@Param			limit	query		integer	false	"How many models the page has at most, from 1 to 1000."	default(100)	minimum(1)	maximum(1000)
//	@Success		200		{object}	exchange.Answer[Models]	"The models."
//	@Failure		422		{object}	exchange.Invalid			"The query is not as it should be."
//	@Failure		503		{object}	exchange.Problem			"The service is busy, or the store cannot be read: try again after as many seconds as Retry-After says."
//	@Router			/models [get]
func (s *Server) models(e *exchange.Exchange, r *http.Request) (any, error) {
	limit, err := queryLimit(r)
	if err != nil {
		return nil, err
	}
	after := ""
	if values := query.Values(r, "after"); len(values) > 0 {
		after = values[len(values)-1]
	}
	listed, more, err := s.versions.Models(r.Context(), after, limit, e.MayUse)
	if err != nil {
		return nil, err
	}
	models := Models{Models: make([]ModelSummary, len(listed))}
	for i := range listed {
		models.Models[i] = summaryOf(&listed[i])
	}
	if more {
		models.Next = listed[len(listed)-1].Name
	}
	return models, nil
}

// queryLimit returns how many models a page is to have.
func queryLimit(r *http.Request) (int, error) {
	values := query.Values(r, "limit")
	if len(values) == 0 {
		return pageOfModels, nil
	}
	limit, wrong := query.Number("limit", values[len(values)-1], 1, maxModels)
	if wrong != nil {
		return 0, &jsonbody.InvalidError{Items: wrong}
	}
	return limit, nil
}

// model answers GET /models/{name}.
//
//	@ID				model
//	@Summary		Show a model.
//	@Description	Its versions, and which of them is served under which name. No model is loaded to answer.
//	@Tags			Models
//	@Param			name	path		string	true	"The name of the model."
//	@Success		200		{object}	exchange.Answer[Model]	"The model."
//	@Failure		404		{object}	exchange.Problem			"There is no such model; the detail names what there is."
//	@Failure		503		{object}	exchange.Problem			"The service is busy, or the store cannot be read: try again after as many seconds as Retry-After says."
//	@Router			/models/{name} [get]
func (s *Server) model(_ *exchange.Exchange, r *http.Request) (any, error) {
	overview, err := s.versions.Model(r.Context(), chi.URLParam(r, "name"))
	if err != nil {
		return nil, err
	}
	return modelOf(overview), nil
}

func summaryOf(s *registry.Summary) ModelSummary {
	summary := ModelSummary{Name: s.Name, Aliases: map[string]string{}, Default: s.Default, Behind: s.Behind}
	for alias, number := range s.Aliases.Aliases {
		summary.Aliases[alias] = strconv.Itoa(number)
	}
	return summary
}

func modelOf(o *registry.Overview) Model {
	m := Model{ModelSummary: summaryOf(&o.Summary), Versions: make([]VersionState, len(o.Versions)), History: make([]Move, len(o.Aliases.History))}
	for i, v := range o.Versions {
		m.Versions[i] = VersionState{strconv.Itoa(v.Number), v.State, v.Reason}
	}
	if canary := o.Aliases.Canary; canary != nil {
		m.Canary = &Canary{strconv.Itoa(canary.Version), canary.Percent}
	}
	if shadow := o.Aliases.Shadow; shadow != nil {
		m.Shadow = &Shadow{strconv.Itoa(shadow.Version)}
	}
	for i, move := range o.Aliases.History {
		m.History[i] = Move{move.Time.UTC().Format(time.RFC3339), move.By, move.What, versionText(move.From), versionText(move.To), move.Percent, move.Rollback}
	}
	return m
}

// versionText returns the number of a version as text, "" for none.
func versionText(number int) string {
	if number == 0 {
		return ""
	}
	return strconv.Itoa(number)
}
