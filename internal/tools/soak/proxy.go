package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"tagifai/internal/tools/process"
)

// A proxy is a running nginx.
type proxy struct {
	*process.Process
	dir, addr string
}

// lookNginx returns the first of these programs that there is.
func lookNginx(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("not run, there is no nginx: apt-get install nginx")
}

// startProxy starts nginx, with all it writes in a directory, before these services.
func startProxy(ctx context.Context, nginx, dir string, services ...string) (*proxy, error) {
	addr, err := process.FreeAddr()
	if err != nil {
		return nil, err
	}
	p := &proxy{dir: dir, addr: addr}
	if err := p.configure(services); err != nil {
		return nil, err
	}
	cmd := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", p.config())
	if p.Process, err = process.Start(ctx, cmd); err != nil {
		return nil, err
	}
	if err := p.WaitFor(ctx, "http://"+addr+"/readyz"); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *proxy) config() string { return filepath.Join(p.dir, "nginx.conf") }

// configure writes what nginx is to do. It hides nothing: a request that one service
// does not answer is not given to another.
func (p *proxy) configure(services []string) error {
	const text = `daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	upstream services {
		%skeepalive 64;
		keepalive_requests 1000000000;
	}
	server {
		listen %s;
		keepalive_requests 1000000000;
		location / {
			proxy_pass http://services;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_next_upstream off;
		}
	}
}
`
	var servers strings.Builder
	for _, addr := range services {
		fmt.Fprintf(&servers, "server %s max_fails=0;\n\t\t", addr)
	}
	return os.WriteFile(p.config(), fmt.Appendf(nil, text, &servers, p.addr), 0o600)
}

// route has nginx send requests to these services from now on.
func (p *proxy) route(services ...string) error {
	if err := p.configure(services); err != nil {
		return err
	}
	return p.Signal(syscall.SIGHUP)
}
