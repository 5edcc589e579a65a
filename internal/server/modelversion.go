package server

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/server/exchange"
	"tagifai/internal/store"
)

// ModelVersion is the data of GET /models/{name}/versions/{version}.
type ModelVersion struct {
	Name        string         `json:"name" example:"tagger"`
	Version     string         `json:"version" example:"3"`
	RunID       string         `json:"run_id" example:"38a3902ad4ad5b88a03d238fe2430fa4"` // Of the run that trained it.
	Format      string         `json:"format" example:"tagifai"`                          // Of its directory.
	Classes     []string       `json:"classes"`
	NGrams      int            `json:"ngrams" example:"39824"`                 // How many it knows.
	Bytes       int            `json:"bytes" example:"2500000"`                // That it takes in memory.
	Checksum    string         `json:"checksum,omitzero" binding:"optional"`   // SHA-256 of the list of its files, as sha256sum prints it; not of a model outside of a store.
	Provenance  *Provenance    `json:"provenance,omitzero" binding:"optional"` // Where it comes from; likewise.
	Performance jsontext.Value `json:"performance" swaggertype:"object"`       // How well it did, as in GET …/performance.
}

// Provenance says where a version comes from.
type Provenance struct {
	Source string `json:"source" example:"/srv/runs/first"`                       // What it was copied from.
	Time   string `json:"time" format:"date-time" example:"2026-11-24T12:00:00Z"` // When it was added.
	Tool   string `json:"tool" example:"tagifai 1.0.0"`                           // What added it.
	By     string `json:"by" example:"ann@ops"`                                   // Who added it.
}

// modelVersion answers GET /models/{name}/versions/{version}.
//
//	@ID				modelVersion
//	@Summary		Show a version of a model.
//	@Description	What it is, where it comes from and how well it did. It is loaded first if need be.
//	@Tags			Models
//	@Param			name	path		string	true	"The name of the model."
//	@Param			version	path		string	true	"The number of the version, or an alias."
//	@Success		200		{object}	exchange.Answer[ModelVersion]	"The version."
//	@Failure		404		{object}	exchange.Problem					"There is no such model or version; the detail names what there is."
//	@Failure		409		{object}	exchange.Problem	"A metric is NaN or infinite, which JSON cannot represent."
//	@Failure		500		{object}	exchange.Problem					"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem					"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version} [get]
func (s *Server) modelVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	v, err := s.admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	manifest, err := s.versions.Manifest(r.Context(), v)
	if err != nil {
		return nil, err
	}
	shown := ModelVersion{
		Name: v.Name, Version: strconv.Itoa(v.Number), RunID: v.RunID(), Format: v.Format(),
		Classes: v.Classes(), NGrams: v.NGrams(), Bytes: v.Size(), Performance: v.Performance().JSON(),
	}
	if manifest != nil {
		shown.Checksum, shown.Provenance = manifest.Checksum(), provenanceOf(manifest)
	}
	return shown, v.Performance().Check()
}

func provenanceOf(m *store.Manifest) *Provenance {
	return &Provenance{m.Source, m.Time.UTC().Format(time.RFC3339), m.Tool, m.By}
}

// What follows are routes of a version, which the handlers of the root answer.

// versionArgs answers GET /models/{name}/versions/{version}/args.
//
//	@ID				versionArgs
//	@Summary		Get all arguments of a version.
//	@Description	Names and values, in the order of the file that the run wrote.
//	@Tags			Models
//	@Param			name	path		string	true	"The name of the model."
//	@Param			version	path		string	true	"The number of the version, or an alias."
//	@Success		200		{object}	exchange.Answer[Args]	"The arguments."
//	@Failure		404		{object}	exchange.Problem			"There is no such model or version; the detail names what there is."
//	@Failure		409		{object}	exchange.Problem	"An argument is NaN or infinite, which JSON cannot represent."
//	@Failure		500		{object}	exchange.Problem			"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem			"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version}/args [get]
func (s *Server) versionArgs(e *exchange.Exchange, r *http.Request) (any, error) { return s.args(e, r) }

// versionArg answers GET /models/{name}/versions/{version}/args/{arg}.
//
//	@ID				versionArg
//	@Summary		Get one argument of a version.
//	@Description	The argument under its name; an empty string if there is no such argument.
//	@Tags			Models
//	@Param			name	path		string	true	"The name of the model."
//	@Param			version	path		string	true	"The number of the version, or an alias."
//	@Param			arg		path		string	true	"The name of the argument."
//	@Success		200		{object}	exchange.Answer[Arg]	"The argument."
//	@Failure		404		{object}	exchange.Problem		"There is no such model or version; the detail names what there is."
//	@Failure		409		{object}	exchange.Problem	"It is NaN or infinite, which JSON cannot represent."
//	@Failure		500		{object}	exchange.Problem		"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem		"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version}/args/{arg} [get]
func (s *Server) versionArg(e *exchange.Exchange, r *http.Request) (any, error) { return s.arg(e, r) }

// versionPerformance answers GET /models/{name}/versions/{version}/performance.
//
//	@ID				versionPerformance
//	@Summary		Get the performance metrics of a version.
//	@Description	All of them, or the part that the filter names.
//	@Tags			Models
//	@Param			name	path		string	true	"The name of the model."
//	@Param			version	path		string	true	"The number of the version, or an alias."
//	@Param			filter	query		string	false	"The part to get: `overall`, `class` or `slices`. Without it, or if there is no such part, all of it."
//	@Success		200		{object}	exchange.Answer[Performance]	"The metrics, as the run that made the version wrote them."
//	@Failure		404		{object}	exchange.Problem				"There is no such model or version; the detail names what there is."
//	@Failure		409		{object}	exchange.Problem	"A metric is NaN or infinite, which JSON cannot represent."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503		{object}	exchange.Problem				"The service is busy, or the version cannot be served: try again after as many seconds as Retry-After says."
//	@Router			/models/{name}/versions/{version}/performance [get]
func (s *Server) versionPerformance(e *exchange.Exchange, r *http.Request) (any, error) {
	return s.performance(e, r)
}
