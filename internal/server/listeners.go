package server

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"syscall"

	"tagifai/internal/sockets"
)

// makeListeners makes the public listener and, if the settings have an address for it, the
// admin listener. It has cutOff called for each connection that is cut off.
func (s *Server) makeListeners(options Options, cutOff func()) {
	settings := &s.settings
	s.public = sockets.NewLimited(settings.Addr, settings.Limits, cutOff)
	s.public.HTTP = http.Server{
		Handler: s.mux,
		// OPTIONS * is a path like others, and no route has it.
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            settings.ReadHeaderTimeout,
		ReadTimeout:                  min(settings.ReadTimeout, settings.ReadHeaderTimeout+settings.MinRateOver), // a long body has more
		WriteTimeout:                 settings.WriteTimeout,
		IdleTimeout:                  settings.IdleTimeout,
		MaxHeaderBytes:               settings.MaxHeaderBytes,
	}
	if settings.AdminAddr != "" {
		s.admin = sockets.New(settings.AdminAddr)
		s.admin.HTTP = http.Server{ // whose profiles take as long as they are asked to
			Handler:           s.adminRoutes(),
			ReadHeaderTimeout: settings.ReadHeaderTimeout,
			IdleTimeout:       settings.IdleTimeout,
		}
	}
	if options.TLS != nil {
		s.public.HTTP.TLSConfig, s.public.HTTP.HTTP2 = options.TLS.Clone(), sockets.HTTP2(settings.Limits)
		if s.admin != nil && !settings.AdminPlain {
			s.admin.HTTP.TLSConfig = options.TLS.Clone() // which net/http changes
		}
	}
	s.public.Inherit(options.Sockets.Public)
	if s.admin != nil {
		s.admin.Inherit(options.Sockets.Admin)
	}
	if settings.H2C && options.TLS == nil {
		s.public.HTTP.HTTP2 = sockets.HTTP2(settings.Limits)
		s.public.HTTP.Protocols = new(http.Protocols)
		s.public.HTTP.Protocols.SetHTTP1(true)
		s.public.HTTP.Protocols.SetUnencryptedHTTP2(true)
	}
	connections := newConnectionLog(s.log, options.Metrics)
	for _, l := range s.listeners() {
		l.HTTP.ErrorLog = log.New(connections, "", 0)
	}
}

// listeners returns the public listener and, if there is one, the admin listener.
func (s *Server) listeners() []*sockets.Listener {
	if s.admin == nil {
		return []*sockets.Listener{s.public}
	}
	return []*sockets.Listener{s.public, s.admin}
}

// Listen takes the addresses. After it the caller knows that the ports are free, and
// which port 0 became, before anything is served. A second call does nothing.
func (s *Server) Listen() error {
	settings := []string{"addr", "admin-addr"}
	for i, l := range s.listeners() {
		if err := l.Listen(); err != nil {
			return fmt.Errorf("%s: %w%s", settings[i], err, adviceToListen(err))
		}
	}
	return nil
}

// adviceToListen says what to do about an address that cannot be listened on.
func adviceToListen(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "; stop the process that has it, or give another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "; give an address of this machine, or none as in :8000 for all of them"
	case errors.Is(err, syscall.EACCES):
		return "; give a port above 1023, or run with the capability CAP_NET_BIND_SERVICE"
	}
	return ""
}

// Close stops listening. It is for a server that will not run; [Server.Run] ends by its
// context.
func (s *Server) Close() {
	for _, l := range s.listeners() {
		l.Close()
	}
}

// Addr returns the address that the server listens on, and "" before [Server.Listen].
func (s *Server) Addr() string { return s.public.Addr() }

// AdminAddr returns the address of the admin listener, and "" if there is none.
func (s *Server) AdminAddr() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.Addr()
}
