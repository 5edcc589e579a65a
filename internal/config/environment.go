package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const prefix = "TAGIFAI_"

// foreign matches what Kubernetes gives every container of a namespace for a Service
// named tagifai, or tagifai-canary, and Docker one that is linked to such a container:
// TAGIFAI_SERVICE_HOST, TAGIFAI_CANARY_PORT_8000_TCP_ADDR. They are not settings.
// TAGIFAI_PORT=8000 does not match, as their TAGIFAI_PORT is a URL.
var foreign = regexp.MustCompile(`^TAGIFAI_([^=]+_)?(SERVICE_HOST=|SERVICE_PORT(_[^=]+)?=|PORT=(tcp|udp|sctp)://|PORT_\d+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?=)`)

// portVariables are those in which a platform names the port that it forwards to: Vertex
// AI, and Cloud Run and many others. The first that is set counts.
var portVariables = []string{"AIP_HTTP_PORT", "PORT"}

// readPort makes the port that a platform names that of the default address.
func (l *Loaded) readPort(environ []string) error {
	addr := l.find("addr")
	if addr == nil {
		return nil
	}
	for _, name := range portVariables {
		for _, entry := range environ {
			if port, ok := strings.CutPrefix(entry, name+"="); ok && port != "" {
				return addr.set(":"+port, "environment "+name)
			}
		}
	}
	return nil
}

func variable(setting string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// variables returns the variables of the environment that are meant to be settings.
func variables(environ []string) map[string]string {
	ours := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, prefix) && !foreign.MatchString(entry) {
			ours[name] = value
		}
	}
	return ours
}

// readEnvironment sets what the environment says. A variable that is set but empty
// stands for the empty value.
func (l *Loaded) readEnvironment(variables map[string]string) error {
	known := map[string]*setting{prefix + "CONFIG": nil}
	for _, s := range l.settings {
		known[variable(s.name)] = s
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		s, ok := known[name]
		if !ok {
			return errorf("environment: %s is not a setting; %s", printable(name), l.advice(strings.TrimPrefix(name, prefix), variable))
		}
		if s == nil {
			continue
		}
		if err := s.set(variables[name], "environment "+name); err != nil {
			return err
		}
	}
	return nil
}
