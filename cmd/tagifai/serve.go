package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"tagifai/internal/auth"
	"tagifai/internal/config"
	"tagifai/internal/golden"
	"tagifai/internal/registry"
	"tagifai/internal/server"
	"tagifai/model"
)

type serveCommand struct {
	Config      *string `placeholder:"FILE" help:"File of settings (YAML)."`
	PrintConfig bool    `help:"Print the settings, each with where it comes from, and stop."`
	config.Settings

	flags config.Flags
}

func (serveCommand) Help() string {
	return "Example:\n\n    tagifai serve --addr 127.0.0.1:8000 --model runs/first\n    curl -H 'Content-Type: application/json' -d '{\"texts\":[{\"text\":\"Object detection with YOLO\"}]}' http://127.0.0.1:8000/predict" +
		"\n\nA setting comes from its flag, else from the environment (TAGIFAI_MAX_TEXTS for --max-texts), else from the file that --config or TAGIFAI_CONFIG names (max-texts), else it has its default."
}

func (c *serveCommand) Run(ctx context.Context, s streams) error {
	loaded, err := config.Load(&c.Settings, config.Sources{File: c.Config, Environ: os.Environ(), Flags: c.flags})
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return loaded.Print(s.out)
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	out := newLogWriter(s.err)
	defer out.close()
	lines := newLogger(out, isTerminal(s.err), c.LogLevel, c.LogFormat)
	log := lines.With().Timestamp().Logger()
	metrics := prometheus.NewRegistry()
	models := registry.New(registry.Options{Source: c.Source, Formats: formats, Open: c.openModel, Tool: "tagifai " + toolVersion(), Log: log, Metrics: metrics})
	guard, err := auth.Open(auth.Options{Settings: c.Access, Log: log, Metrics: metrics})
	if err != nil {
		return err
	}
	srv := server.New(server.Options{Settings: c.Settings, Versions: models, Guard: guard, Version: toolVersion(), Metrics: metrics, Log: lines})
	if err := srv.Listen(); err != nil { // before the model is loaded: a taken port is known at once
		return err
	}
	defer srv.Close()
	if err := models.Start(ctx); err != nil {
		return err
	}
	followContainer(log)
	models.SpareTime(srv.Idle)
	go models.Follow(ctx, hangups)
	if guard != nil {
		forGuard := make(chan os.Signal, 1)
		signal.Notify(forGuard, syscall.SIGHUP)
		defer signal.Stop(forGuard)
		go guard.Follow(ctx, forGuard)
	}
	return srv.Run(ctx)
}

// openModel loads the model that the settings name, if they name no store, and has it
// reproduce its golden predictions.
func (c *serveCommand) openModel() (*model.Model, error) {
	if c.Model == "" {
		return registry.Open(model.DefaultFS())
	}
	m, err := openModel(&c.Model)
	if err != nil {
		return nil, err
	}
	dir, err := model.FindDir(c.Model, formats...) // the setting may name a file in it
	if err != nil {
		return nil, err
	}
	if _, err := golden.Check(os.DirFS(dir), m); err != nil {
		return nil, fmt.Errorf("model %s: %w", c.Model, err)
	}
	return m, nil
}
