package admission

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/registry"
	"tagifai/internal/server/exchange"
)

// A Need is what a route asks of who wants it, if there is a guard.
type Need struct {
	Action auth.Action
	Of     Object
	Part   config.Opening // that the route belongs to and that may be open to everybody; "" is none
}

// An Object is what the action is done to.
type Object uint8

// The objects.
const (
	Nothing    Object = iota // or the handler sees to it
	ItsModel                 // that the path names, else the default model
	EveryModel               // the service as a whole
)

// Guarded lets a handler answer those who have what it needs. What is refused counts
// against the limits of its client, if there are any.
func (a *Admission) Guarded(n Need, limits bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e := exchange.Of(w)
		err := a.Identify(e, r)
		if err == nil {
			err = a.permit(e.Principal, n, r)
		}
		if err != nil {
			if limits {
				err = cmp.Or(a.CountRequest(e), err)
			}
			exchange.Fail(w, r, err)
			return
		}
		next(w, r)
	}
}

// Opens reports whether a part of the service is open to everybody, as all are without a guard.
func (a *Admission) Opens(part config.Opening) bool {
	return a.guard == nil || slices.Contains(a.opened, part)
}

// SeesAll reports whether who asks may know of all models.
func (a *Admission) SeesAll(e *exchange.Exchange) bool {
	return a.guard == nil || e.Principal != nil && e.Principal.MayUseAll()
}

// Identify notes in the exchange who asks, if there is a guard. Its error is that of the guard.
func (a *Admission) Identify(e *exchange.Exchange, r *http.Request) (err error) {
	if a.guard == nil {
		return nil
	}
	if e.Principal, err = a.guard.Authenticate(r.Context(), r.Header, e.Start); err == nil {
		a.principals.count(e.Principal.ID())
	}
	return err
}

// Permit returns what keeps a client from what a request asks for beside what its route
// needs, if anything does.
func (a *Admission) Permit(e *exchange.Exchange, r *http.Request, n Need) error {
	if a.guard == nil {
		return nil
	}
	return a.permit(e.Principal, n, r)
}

// permit returns what keeps a principal from what a route needs, if anything does.
func (a *Admission) permit(p *auth.Principal, n Need, r *http.Request) error {
	switch {
	case !p.May(n.Action):
		return &ForbiddenError{n.Action, "The action " + n.Action.String() + " is needed, which the credential does not have"}
	case n.Of == Nothing || p.MayUseAll():
		return nil
	case n.Of == EveryModel:
		return &ForbiddenError{n.Action, "A credential for every model is needed"}
	}
	model := RefOf(r).Model
	if model == "" {
		if model = a.Versions.Default(); model == "" {
			return registry.ErrNotReady
		}
	}
	if !p.MayUse(model) {
		return &ForbiddenError{n.Action, fmt.Sprintf("The credential is not for the model %.80q", model)}
	}
	return nil
}

// A ForbiddenError says what a credential does not allow.
type ForbiddenError struct {
	Action auth.Action // that is needed
	text   string
}

func (e *ForbiddenError) Error() string { return e.text }
