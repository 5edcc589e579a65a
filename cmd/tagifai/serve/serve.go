// Package serve is tagifai serve, with what a process that serves does beside: it logs,
// follows its certificate and the limits of its container, and spares memory.
package serve

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/cmd/tagifai/cli"
	"tagifai/internal/auth"
	"tagifai/internal/certificate"
	"tagifai/internal/config"
	"tagifai/internal/golden"
	"tagifai/internal/lookup"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/internal/sockets"
	"tagifai/model"
)

// Command is tagifai serve.
type Command struct {
	Config      *string `placeholder:"FILE" help:"File of settings (YAML)."`
	PrintConfig bool    `help:"Print the settings, each with where it comes from, and stop."`
	config.Settings

	flags config.Flags
}

// Flags has kong keep in c which settings the command line gives.
func (c *Command) Flags() kong.Option {
	c.flags = config.Flags{}
	return c.flags.Option(&c.Settings)
}

// Help is what --help shows below the usage.
func (Command) Help() string {
	return "Example:\n\n    tagifai serve --addr 127.0.0.1:8000 --model runs/first\n    curl -H 'Content-Type: application/json' -d '{\"texts\":[{\"text\":\"Object detection with YOLO\"}]}' http://127.0.0.1:8000/predict" +
		"\n\nA setting comes from its flag, else from the environment (TAGIFAI_MAX_TEXTS for --max-texts), else from the file that --config or TAGIFAI_CONFIG names (max-texts), else it has its default."
}

// Run serves until ctx ends.
func (c *Command) Run(ctx context.Context, env cli.Env) error {
	started := cli.StartLean(servingHeap)
	defer started()
	loaded, err := config.Load(&c.Settings, config.Sources{File: c.Config, Environ: os.Environ(), Flags: c.flags})
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return loaded.Print(env.Out)
	}
	reloads := hangups(ctx) // from here on the signal does not end the process
	out := newLogWriter(env.Err)
	defer out.close()
	lines := newLogger(out, cli.IsTerminal(env.Err), c.LogLevel, c.LogFormat)
	log := lines.With().Timestamp().Logger()
	metrics := prometheus.NewRegistry()
	secure, err := c.followCertificate(ctx, log, metrics)
	if err != nil {
		return err
	}
	sources := registry.Options{Source: c.Source, Formats: cli.Formats, Open: c.openModel, Tool: env.Tool(), Log: log, Metrics: metrics}
	var table *lookup.Table
	if c.Predictions != "" {
		if table, err = c.openTable(log); err != nil {
			return loaded.Refuse("predictions", "cannot be used: %v", err)
		}
		defer table.Close()
		sources.ReadArtifact = c.readArtifact
	}
	models := registry.New(sources)
	guard, err := auth.Open(auth.Options{Settings: c.Access, Log: log, Metrics: metrics})
	if err != nil {
		return err
	}
	inherited, err := sockets.Inherit()
	if err != nil {
		return err
	}
	if c.AdminAddr == "" && inherited.Admin == nil {
		runtime.MemProfileRate = 0 // nobody can ask for the profile, which takes half a megabyte
	}
	// Beside the rest of the start: the first answer comes 3 % earlier.
	loading := make(chan error, 1)
	go func() { loading <- models.Start(ctx) }()
	srv := server.New(server.Options{Settings: c.Settings, TLS: secure, Sockets: inherited, Versions: models, Table: table, Guard: guard, Version: env.Version, Metrics: metrics, Log: lines})
	if err := srv.Listen(); err != nil { // while the model is loaded: a taken port is known at once
		return err
	}
	defer srv.Close()
	if err := <-loading; err != nil {
		return err
	}
	followContainer(log)
	if table != nil {
		go table.Check(ctx)
	}
	models.SpareTime(srv.Idle)
	go models.Follow(ctx, reloads)
	if guard != nil {
		go guard.Follow(ctx, hangups(ctx))
	}
	if _, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil {
		log.Warn().Err(err).Msg("systemd was not told that the service is ready")
	}
	settling := time.AfterFunc(startingTime, func() {
		started()
		debug.FreeOSMemory() // or the process keeps for minutes what the start needed
		if err := forgetPages(); err != nil {
			log.Debug().Err(err).Msg("more of the program's file than necessary stays resident")
		}
	})
	defer settling.Stop()
	return srv.Run(ctx)
}

// servingHeap is how much the heap grows between two collections, as a percentage of what is
// in use. Under load the process takes 0.6 MB less than with the runtime's 100.
const servingHeap = 90

// startingTime is how long after the start the first requests have been answered which wait
// for it. Until then no memory is given back, as that would keep them waiting.
const startingTime = 100 * time.Millisecond

// hangups returns a channel for SIGHUP, at which files are read again, until ctx ends.
func hangups(ctx context.Context) <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	context.AfterFunc(ctx, func() { signal.Stop(c) })
	return c
}

// followCertificate returns the settings of TLS with the certificate as its files are until
// ctx ends, nil if the settings name none.
func (c *Command) followCertificate(ctx context.Context, log zerolog.Logger, metrics *prometheus.Registry) (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	source, err := certificate.Load(certificate.Options{Files: c.TLS, Log: log, Metrics: metrics})
	if err != nil {
		return nil, err
	}
	go source.Follow(ctx, hangups(ctx))
	return source.Config(), nil
}

// openTable opens the table that the settings name. It may not be there yet.
func (c *Command) openTable(log zerolog.Logger) (*lookup.Table, error) {
	return lookup.Open(lookup.Options{
		Address:     string(c.Predictions),
		Connections: c.PredictionsConnections,
		Timeout:     c.PredictionsTimeout,
		Log:         log,
	})
}

// readArtifact reads the artifact in a directory of the store, or that of the one model.
func (c *Command) readArtifact(dir string) (*model.Artifact, error) {
	if dir = cmp.Or(dir, c.Model); dir == "" {
		return cli.ReadArtifact(nil)
	}
	return cli.ReadArtifact(&dir)
}

// openModel loads the model that the settings name, if they name no store, and has it
// reproduce its golden predictions.
func (c *Command) openModel() (*model.Model, error) {
	if c.Model == "" {
		return registry.Open(model.DefaultFS())
	}
	m, err := cli.OpenModel(&c.Model)
	if err != nil {
		return nil, err
	}
	dir, err := model.FindDir(c.Model, cli.Formats...) // the setting may name a file in it
	if err != nil {
		return nil, err
	}
	if _, err := golden.Check(os.DirFS(dir), m); err != nil {
		return nil, fmt.Errorf("model %s: %w", c.Model, err)
	}
	return m, nil
}
