package server

import (
	"context"
	"io"

	"tagifai/internal/registry"
	"tagifai/internal/server/admission"
	"tagifai/internal/server/classify"
	"tagifai/internal/server/protocols"
	"tagifai/internal/store"
)

// Versions are what the server serves: a [registry.Registry], or what a test puts in its
// place. Its methods are documented there.
type Versions interface {
	admission.Versions
	classify.Shadows
	protocols.Models

	Stable(ctx context.Context, name string) (*registry.Stable, error)
	Manifest(ctx context.Context, v *registry.Version) (*store.Manifest, error)

	Reload(ctx context.Context, why string) (*registry.Version, error)
	Move(ctx context.Context, name, alias, version, by string) (*registry.Overview, error)
	SetCanary(ctx context.Context, name, version string, percent float64, by string) (*registry.Overview, error)
	EndCanary(ctx context.Context, name, by string) (*registry.Overview, error)
	SetShadow(ctx context.Context, name, version, by string) (*registry.Overview, error)
	EndShadow(ctx context.Context, name, by string) (*registry.Overview, error)
	Add(ctx context.Context, name string, tar io.Reader, source, by string) (int, error)
	Remove(ctx context.Context, name, version string) (*registry.Overview, error)
}
