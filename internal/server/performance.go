package server

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/server/exchange"
	"tagifai/internal/server/query"
)

// Performance is the data of GET /performance.
type Performance struct {
	Performance jsontext.Value `json:"performance" swaggertype:"object"`
}

// performance answers GET /performance: the part of the metrics that the last
// filter of the query names, and all of them if it names none.
//
//	@ID				performance
//	@Summary		Get the performance metrics.
//	@Description	All of them, or the part that the filter names.
//	@Tags			Performance
//	@Param			filter	query		string	false	"The part to get: `overall`, `class`, `slices`, or another that the model has, such as `calibration` or `cross_validation`. Without it, or if there is no such part, all of it."
//	@Success		200		{object}	exchange.Answer[Performance]	"The metrics, as the run that made the model wrote them."
//	@Failure		409		{object}	exchange.Problem				"A metric is NaN or infinite, which JSON cannot represent."
//	@Failure		500		{object}	exchange.Problem				"The service failed; its log says why."
//	@Failure		503	{object}	exchange.Problem	"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/performance [get]
func (s *Server) performance(e *exchange.Exchange, r *http.Request) (any, error) {
	v, err := s.admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	metrics := v.Performance()
	if filters := query.Values(r, "filter"); len(filters) > 0 {
		filter := filters[len(filters)-1]
		if part, ok := metrics.Get(filter); ok {
			return Performance{part}, metrics.Check(filter)
		}
	}
	return Performance{metrics.JSON()}, metrics.Check()
}
