// Package certificate keeps the certificate of the service, and those of the authorities
// whose clients it admits, as they are in their files.
package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"tagifai/internal/config"
)

// Options are what a [Source] is made of.
type Options struct {
	Files   config.TLS
	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// A Source is a certificate that is read again when its files change. It is safe for
// concurrent use.
type Source struct {
	files   config.TLS
	log     zerolog.Logger
	outcome *prometheus.CounterVec

	mu      sync.Mutex // one Reload at a time
	current atomic.Pointer[pair]
	problem string // that Follow has logged last; "" if all is well
}

// A pair is what the files were when they were read.
type pair struct {
	cert, key, clientCA []byte
	leaf                *x509.Certificate
	config              *tls.Config
}

// Load reads the files. They have to be as they should be: a certificate that is valid now,
// and its key.
func Load(options Options) (*Source, error) {
	first, err := read(options.Files)
	if err != nil {
		return nil, err
	}
	s := &Source{
		files: options.Files,
		log:   options.Log,
		outcome: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tagifai_tls_reloads_total",
			Help: "How often the files of the certificate had changed and were read again, by outcome: success, or failure, after which the old certificate stays.",
		}, []string{"outcome"}),
	}
	s.current.Store(first)
	s.outcome.WithLabelValues("success")
	s.outcome.WithLabelValues("failure")
	options.Metrics.MustRegister(s.outcome, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tagifai_tls_certificate_expiry_timestamp_seconds",
		Help: "When the certificate of the service expires.",
	}, func() float64 { return float64(s.current.Load().leaf.NotAfter.Unix()) }))
	return s, nil
}

// Config returns the settings of a server that shows the certificate as it is at the time.
// All that it does not name is Go's default, such as the least version of TLS.
func (s *Source) Config() *tls.Config {
	return &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.current.Load().config, nil },
	}
}

// Reload reads the files. If they are as they should be, they count from now on, and
// otherwise nothing changes. It reports whether anything has changed.
func (s *Source) Reload() (changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	next, err := read(s.files)
	if err != nil {
		return false, err
	}
	if bytes.Equal(next.cert, old.cert) && bytes.Equal(next.key, old.key) && bytes.Equal(next.clientCA, old.clientCA) {
		return false, nil
	}
	s.current.Store(next)
	return true, nil
}

func read(files config.TLS) (*pair, error) {
	var p pair
	for _, file := range []struct {
		setting, path string
		content       *[]byte
	}{{"tls-cert", files.TLSCert, &p.cert}, {"tls-key", files.TLSKey, &p.key}, {"tls-client-ca", files.TLSClientCA, &p.clientCA}} {
		if file.path == "" {
			continue
		}
		content, err := os.ReadFile(file.path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.setting, err)
		}
		*file.content = content
	}
	loaded, err := tls.X509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("tls-cert %s with tls-key %s: %w", files.TLSCert, files.TLSKey, err)
	}
	p.leaf = loaded.Leaf
	switch now := time.Now(); {
	case now.After(p.leaf.NotAfter):
		return nil, fmt.Errorf("tls-cert %s: it expired at %s; renew it", files.TLSCert, p.leaf.NotAfter.Format(time.RFC3339))
	case now.Before(p.leaf.NotBefore):
		return nil, fmt.Errorf("tls-cert %s: it is valid from %s on; wait until then, or set the clock right", files.TLSCert, p.leaf.NotBefore.Format(time.RFC3339))
	}
	p.config = &tls.Config{
		Certificates: []tls.Certificate{loaded},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	if files.TLSClientCA != "" {
		p.config.ClientAuth = tls.RequireAndVerifyClientCert
		if p.config.ClientCAs, err = authorities(p.clientCA); err != nil {
			return nil, fmt.Errorf("tls-client-ca %s: %w", files.TLSClientCA, err)
		}
	}
	return &p, nil
}

// authorities returns the certificates of a file. One that cannot be read is an error,
// where the method of [x509.CertPool] leaves it out.
func authorities(content []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		n++
		authority, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", n, err)
		}
		pool.AddCert(authority)
	}
	if n == 0 {
		return nil, errors.New("it has no certificate in PEM form")
	}
	return pool, nil
}
