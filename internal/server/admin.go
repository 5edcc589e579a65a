package server

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"tagifai/internal/jsonbody"
	"tagifai/internal/server/exchange"
)

// What is here changes what is served. It is on the admin listener alone.

// AliasPayload is the body of PUT /models/{name}/aliases/{alias}, and of …/shadow.
type AliasPayload struct {
	Version string `json:"version" validate:"min=1"` // A number, or another alias.
}

// CanaryPayload is the body of PUT /models/{name}/canary.
type CanaryPayload struct {
	Version string  `json:"version" validate:"min=1"`
	Percent float64 `json:"percent" validate:"gte=0,lte=100"`
}

// AddedVersion is the data of POST /models/{name}/versions.
type AddedVersion struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// maxMoveBytes is how long the body of a move may be.
const maxMoveBytes = 64 << 10

func readMove[T any](b *jsonbody.Reader[T], r *http.Request) (*T, error) {
	body, err := b.Read(make([]byte, 0, 512), r, func(full []byte) ([]byte, error) { return slices.Grow(full, len(full)), nil })
	if err != nil {
		return nil, err
	}
	return b.Parse(exchange.First(r.Header, "Content-Type"), body)
}

// by says who makes a change, and from where: the principal at an address; without a
// guard, whom the proxy in front has let in, or the address alone.
func by(e *exchange.Exchange, r *http.Request) string {
	address := e.Remote
	if host, _, err := net.SplitHostPort(e.Remote); err == nil {
		address = host
	}
	if e.Principal != nil {
		return e.Principal.ID() + "@" + address
	}
	if user := exchange.First(r.Header, "X-Forwarded-User"); exchange.IsRequestID(user) {
		return user
	}
	return address
}

// putAlias answers PUT /models/{name}/aliases/{alias}.
func (s *Server) putAlias(e *exchange.Exchange, r *http.Request) (any, error) {
	payload, err := readMove(s.aliasPayload, r)
	if err != nil {
		return nil, err
	}
	o, err := s.versions.Move(r.Context(), chi.URLParam(r, "name"), chi.URLParam(r, "alias"), payload.Version, by(e, r))
	if err != nil {
		return nil, err
	}
	return modelOf(o), nil
}

// putCanary answers PUT /models/{name}/canary.
func (s *Server) putCanary(e *exchange.Exchange, r *http.Request) (any, error) {
	payload, err := readMove(s.canaryPayload, r)
	if err != nil {
		return nil, err
	}
	o, err := s.versions.SetCanary(r.Context(), chi.URLParam(r, "name"), payload.Version, payload.Percent, by(e, r))
	if err != nil {
		return nil, err
	}
	return modelOf(o), nil
}

// deleteCanary answers DELETE /models/{name}/canary.
func (s *Server) deleteCanary(e *exchange.Exchange, r *http.Request) (any, error) {
	o, err := s.versions.EndCanary(r.Context(), chi.URLParam(r, "name"), by(e, r))
	if err != nil {
		return nil, err
	}
	return modelOf(o), nil
}

// putShadow answers PUT /models/{name}/shadow.
func (s *Server) putShadow(e *exchange.Exchange, r *http.Request) (any, error) {
	payload, err := readMove(s.aliasPayload, r)
	if err != nil {
		return nil, err
	}
	o, err := s.versions.SetShadow(r.Context(), chi.URLParam(r, "name"), payload.Version, by(e, r))
	if err != nil {
		return nil, err
	}
	return modelOf(o), nil
}

// deleteShadow answers DELETE /models/{name}/shadow.
func (s *Server) deleteShadow(e *exchange.Exchange, r *http.Request) (any, error) {
	o, err := s.versions.EndShadow(r.Context(), chi.URLParam(r, "name"), by(e, r))
	if err != nil {
		return nil, err
	}
	return modelOf(o), nil
}

// postVersion answers POST /models/{name}/versions, whose body is an artifact directory
// as a tar stream.
func (s *Server) postVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	name, who := chi.URLParam(r, "name"), by(e, r)
	number, err := s.versions.Add(r.Context(), name, r.Body, "upload from "+e.Remote, who)
	if err != nil {
		return nil, err
	}
	added := AddedVersion{name, strconv.Itoa(number)}
	s.log.Info().Str("id", e.ID()).Str("model", name).Int("version", number).Str("by", who).Msg("version added")
	e.Header().Set("Location", e.Prefix+"/models/"+added.Name+"/versions/"+added.Version)
	return added, nil
}

// deleteVersion answers DELETE /models/{name}/versions/{version}.
func (s *Server) deleteVersion(e *exchange.Exchange, r *http.Request) (any, error) {
	name, version := chi.URLParam(r, "name"), chi.URLParam(r, "version")
	o, err := s.versions.Remove(r.Context(), name, version)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(version) // one was removed, so it is a number
	s.log.Info().Str("id", e.ID()).Str("model", name).Int("version", number).Str("by", by(e, r)).Msg("version removed")
	return modelOf(o), nil
}

// Reloaded is the data of POST /reload.
type Reloaded struct {
	RunID string  `json:"run_id"` // of the new model
	MS    float64 `json:"ms"`     // milliseconds that loading it took
}

// reloadModel answers POST /reload with the new model, or with the reason why the old one
// is still served.
func (s *Server) reloadModel(e *exchange.Exchange, r *http.Request) (any, error) {
	// What has been asked for is done, even if the client does not wait for the answer.
	v, err := s.versions.Reload(context.WithoutCancel(r.Context()), "POST /reload by "+by(e, r))
	if err != nil {
		return nil, err
	}
	return Reloaded{v.RunID(), float64(v.Took.Microseconds()) / 1000}, nil
}
