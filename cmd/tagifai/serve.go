package main

import (
	"cmp"
	"context"
	"os"

	"tagifai/internal/config"
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

// load reads the settings, and asks the server about those that only it knows.
func (c *serveCommand) load() (*config.Loaded, error) {
	loaded, err := config.Load(&c.Settings, config.Sources{File: c.Config, Environ: os.Environ(), Flags: c.flags})
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		setting string
		options server.Options
	}{
		{"admin-hosts", server.Options{AdminHosts: c.AdminHosts}},
		{"root-path", server.Options{RootPath: c.RootPath}},
		{"trusted-proxies", server.Options{TrustedProxies: c.TrustedProxies}},
		{"cors-origins", server.Options{CORSOrigins: c.CORSOrigins}},
	} {
		if err := part.options.Validate(); err != nil {
			return nil, loaded.Refuse(part.setting, "is refused: %v", err)
		}
	}
	return loaded, nil
}

func (c *serveCommand) options() server.Options {
	return server.Options{
		Addr:              c.Addr,
		AdminAddr:         c.AdminAddr,
		AdminHosts:        c.AdminHosts,
		Load:              c.loadModel,
		Version:           toolVersion(),
		LogProbes:         c.LogProbes,
		MaxBody:           c.MaxBodyBytes,
		MaxTexts:          c.MaxTexts,
		MaxText:           c.MaxTextLength,
		MaxHeader:         c.MaxHeaderBytes,
		MaxInFlight:       c.MaxInFlight,
		MaxQueued:         cmp.Or(c.MaxQueued, -1),
		MaxQueueWait:      c.MaxQueueWait,
		MaxHeldBytes:      c.MaxHeldBytes,
		RootPath:          c.RootPath,
		TrustedProxies:    c.TrustedProxies,
		CORSOrigins:       c.CORSOrigins,
		ReadHeaderTimeout: c.ReadHeaderTimeout,
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		DrainDelay:        c.DrainDelay,
		DrainTimeout:      c.DrainTimeout,
	}
}

func (c *serveCommand) loadModel() (*model.Model, error) {
	if c.Model == "" {
		return openModel(nil)
	}
	return openModel(&c.Model)
}

func (c *serveCommand) Run(ctx context.Context, s streams) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return loaded.Print(s.out)
	}
	options := c.options()
	out := newLogWriter(s.err)
	defer out.close()
	options.Log = newLogger(out, isTerminal(s.err), c.LogLevel, c.LogFormat)
	log := options.Log.With().Timestamp().Logger()
	reloader, err := newReloader(ctx, c.Model, c.Watch, log)
	if err != nil {
		return err
	}
	srv, err := server.New(options)
	if err != nil {
		return err
	}
	if err := srv.Listen(); err != nil { // before any log: a taken port is one line
		return err
	}
	followContainer(log)
	go reloader.run(ctx, srv)
	return srv.Run(ctx)
}
