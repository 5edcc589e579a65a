package server

import (
	"context"
	"io"

	"tagifai/internal/registry"
	"tagifai/internal/store"
)

// Versions are what the server serves: a [registry.Registry], or what a test puts in its
// place. Its methods are documented there.
type Versions interface {
	Get(ctx context.Context, ref registry.Ref) (*registry.Version, error)
	Ready(ctx context.Context) error
	Reload(ctx context.Context, why string) (*registry.Version, error)

	Default() string
	Models(ctx context.Context, after string, limit int, include func(name string) bool) (models []registry.Summary, more bool, err error)
	Model(ctx context.Context, name string) (*registry.Overview, error)
	Stable(ctx context.Context, name string) (*registry.Stable, error)
	Manifest(ctx context.Context, v *registry.Version) (*store.Manifest, error)

	Shadowed(v *registry.Version) bool
	Shadow(v *registry.Version, texts func(yield func(string) bool))

	Move(ctx context.Context, name, alias, version, by string) (*registry.Overview, error)
	SetCanary(ctx context.Context, name, version string, percent float64, by string) (*registry.Overview, error)
	EndCanary(ctx context.Context, name, by string) (*registry.Overview, error)
	SetShadow(ctx context.Context, name, version, by string) (*registry.Overview, error)
	EndShadow(ctx context.Context, name, by string) (*registry.Overview, error)
	Add(ctx context.Context, name string, tar io.Reader, source, by string) (int, error)
	Remove(ctx context.Context, name, version string) (*registry.Overview, error)
}
