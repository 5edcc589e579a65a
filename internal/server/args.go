package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"

	"tagifai/internal/server/exchange"
)

// Args is the data of GET /args.
type Args struct {
	Args jsontext.Value `json:"args" swaggertype:"object"`
}

// Arg is the data of GET /args/{arg}: the name of the argument and its value.
type Arg map[string]any

// args answers GET /args.
//
//	@ID				args
//	@Summary		Get all arguments used for the run.
//	@Description	Names and values, in the order of the file that the run wrote.
//	@Tags			Arguments
//	@Success		200	{object}	exchange.Answer[Args]	"The arguments."
//	@Failure		409	{object}	exchange.Problem			"An argument is NaN or infinite, which JSON cannot represent."
//	@Failure		500	{object}	exchange.Problem			"The service failed; its log says why."
//	@Failure		503	{object}	exchange.Problem	"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/args [get]
func (s *Server) args(e *exchange.Exchange, r *http.Request) (any, error) {
	v, err := s.admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	args := v.Args()
	return Args{args.JSON()}, args.Check()
}

// arg answers GET /args/{arg}; an argument that is not there is an empty string.
//
//	@ID				arg
//	@Summary		Get a specific parameter's value used for the run.
//	@Description	The argument under its name; an empty string if there is no such argument.
//	@Tags			Arguments
//	@Param			arg	path		string		true	"The name of the argument."
//	@Success		200	{object}	exchange.Answer[Arg]	"The argument."
//	@Failure		409	{object}	exchange.Problem		"The argument is NaN or infinite, which JSON cannot represent."
//	@Failure		500	{object}	exchange.Problem		"The service failed; its log says why."
//	@Failure		503	{object}	exchange.Problem	"The service is busy: try again after as many seconds as Retry-After says."
//	@Router			/args/{arg} [get]
func (s *Server) arg(e *exchange.Exchange, r *http.Request) (any, error) {
	v, err := s.admission.Version(e, r, nil)
	if err != nil {
		return nil, err
	}
	name := chi.URLParam(r, "arg")
	args := v.Args()
	value, ok := args.Get(name)
	if !ok {
		value = jsontext.Value(`""`)
	}
	return Arg{name: value}, args.Check(name)
}
