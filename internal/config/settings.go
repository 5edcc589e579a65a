package config

import (
	"net"
	"strconv"
	"strings"
	"time"
)

// Settings are the settings of the service, in groups that its parts take whole. A field
// is all that a setting needs: its name in the file, on the command line and, as
// TAGIFAI_MAX_TEXTS, in the environment; its default; what it may be; and the line of
// help that --help, configs/config.yaml and configs/README.md show. min and max are for numbers
// and durations, oneof for text. Rules about more than one setting are in check.
type Settings struct {
	Listen
	TLS
	Source
	Batch
	Limits
	Clients
	Proxy
	Access
	Timeouts
	Log
}

// Defaults returns the settings that nothing has changed.
func Defaults() Settings {
	var s Settings
	settingsOf(&s)
	return s
}

// Listen says where the service is.
type Listen struct {
	Addr       string     `name:"addr" initial:":8000" placeholder:"HOST:PORT" help:"Address to listen on; without one, the port that AIP_HTTP_PORT or PORT names."`
	AdminAddr  string     `name:"admin-addr" initial:"" placeholder:"HOST:PORT" help:"Address of a listener of its own for /metrics, /debug/pprof/ and POST /reload; none if empty."`
	AdminHosts []Hostname `name:"admin-hosts" initial:"" placeholder:"NAME" help:"Names, besides addresses and localhost, that clients may use for admin-addr."`
	AdminPlain bool       `name:"admin-plain" initial:"false" help:"Speak plain HTTP at admin-addr in spite of tls-cert, for an address that nobody else reaches."`
}

// TLS says with which certificate the service proves what it is, and whose clients it
// admits.
type TLS struct {
	TLSCert     string `name:"tls-cert" initial:"" placeholder:"FILE" help:"Certificate (PEM), followed by those of its issuers; then the service speaks HTTPS alone. Read again when it changes."`
	TLSKey      string `name:"tls-key" initial:"" placeholder:"FILE" help:"Private key (PEM) of tls-cert."`
	H2C         bool   `name:"h2c" initial:"false" help:"Also speak HTTP/2 without TLS, to clients that begin with it."`
	TLSClientCA string `name:"tls-client-ca" initial:"" placeholder:"FILE" help:"Certificates (PEM) of authorities; every client must have a certificate from one of them."`
}

// Source says where the model comes from, or the models, and when they are loaded.
type Source struct {
	Model          string        `name:"model" initial:"" placeholder:"DIR" help:"Artifact directory; the embedded model if empty."`
	Watch          bool          `name:"watch" initial:"false" help:"Load the model anew whenever its directory changes."`
	LoadTimeout    time.Duration `name:"load-timeout" initial:"60s" min:"1ms" placeholder:"DURATION" help:"Longest time that a load of the model may take; after it the start or the reload fails."`
	Models         string        `name:"models" initial:"" placeholder:"DIR" help:"Directory of many models and versions, which tagifai models looks after; always watched."`
	Aliases        string        `name:"aliases" initial:"" placeholder:"DIR" help:"Directory of the aliases, NAME.json for each model; beside the versions if empty."`
	DefaultModel   string        `name:"default-model" initial:"" placeholder:"NAME" help:"Model that answers where the path names none; the only one if empty."`
	AllowEmpty     bool          `name:"allow-empty" initial:"false" help:"Start, though not ready, while the default model has no stable version."`
	MaxModelsBytes int64         `name:"max-models-bytes" initial:"268435456" min:"1" placeholder:"N" help:"Bytes that all loaded versions may have; those asked for longest ago are unloaded first."`
	MaxUploadBytes int64         `name:"max-upload-bytes" initial:"1073741824" min:"1" placeholder:"N" help:"Bytes of a version that may be uploaded at the admin address."`
	CanaryHeader   string        `name:"canary-header" initial:"" placeholder:"NAME" help:"Header whose value decides who gets a canary; the body if empty or absent."`
	MLflowColumn   string        `name:"mlflow-column" initial:"" placeholder:"NAME" help:"Column that has the texts of POST /invocations; the only one with text if empty."`
}

// Batch says where the predictions are that tagifai batch has made.
type Batch struct {
	Predictions            DatabaseAddress `name:"predictions" initial:"" placeholder:"ADDRESS" help:"Database that tagifai batch writes to, sqlite:FILE or postgres://…, whose rows GET /predictions answers with; none if empty."`
	PredictionsConnections int             `name:"predictions-connections" initial:"8" min:"1" max:"1000" placeholder:"N" help:"Connections to that database, and so the reads at once."`
	PredictionsTimeout     time.Duration   `name:"predictions-timeout" initial:"2s" min:"1ms" placeholder:"DURATION" help:"Longest time that a read of that database takes; then the request gets a 503."`
}

// Limits bound what requests may take.
type Limits struct {
	MaxBodyBytes   int64         `name:"max-body-bytes" initial:"8388608" min:"1" max:"1073741824" placeholder:"N" help:"Bytes that a request body may have."`
	MaxTexts       int           `name:"max-texts" initial:"10000" min:"1" placeholder:"N" help:"Texts that a request may have."`
	MaxTextLength  int           `name:"max-text-length" initial:"0" min:"0" placeholder:"N" help:"Characters that a text may have; 0 leaves it to max-body-bytes."`
	MaxHeaderBytes int           `name:"max-header-bytes" initial:"65536" min:"1" max:"1073741824" placeholder:"N" help:"Bytes that the header of a request may have."`
	MaxInFlight    int           `name:"max-in-flight" initial:"0" min:"0" placeholder:"N" help:"Requests that are worked on at once; 0 is four for each processor."`
	MaxQueued      int           `name:"max-queued" initial:"256" min:"0" placeholder:"N" help:"Requests that may wait for their turn; others get a 503."`
	MaxQueueWait   time.Duration `name:"max-queue-wait" initial:"50ms" min:"1ms" placeholder:"DURATION" help:"Longest time that a request waits for its turn; then it gets a 503."`
	MaxHeldBytes   int64         `name:"max-held-bytes" initial:"33554432" min:"1" placeholder:"N" help:"Bytes that all requests may hold together, for bodies and answers; others get a 503."`
	MaxConnections int           `name:"max-connections" initial:"8192" min:"1" max:"1048576" placeholder:"N" help:"Connections that may be open at once; others wait."`
	SendBuffer     int           `name:"send-buffer-bytes" initial:"32768" min:"4096" max:"1073741824" placeholder:"N" help:"Bytes that the kernel keeps of what a client has not taken yet; it uses twice as much memory."`
	ReceiveBuffer  int           `name:"receive-buffer-bytes" initial:"65536" min:"4096" max:"1073741824" placeholder:"N" help:"Bytes that the kernel keeps of what a client has sent; it uses twice as much memory."`
	MinRate        int           `name:"min-rate" initial:"1024" min:"1" max:"1073741824" placeholder:"N" help:"Bytes per second that a client must send of a long body or take of an answer, or it is cut off."`
	MinRateOver    time.Duration `name:"min-rate-over" initial:"20s" min:"1ms" placeholder:"DURATION" help:"Time that min-rate is measured over."`
}

// Clients bound what each client may ask for: one with a key by its id, others by their
// address. An IPv6 network of 64 bits is one client.
type Clients struct {
	ClientRate  int `name:"client-rate" initial:"0" min:"0" max:"1000000" placeholder:"N" help:"Requests per second that a client may send; 0 is any number. Others get a 429."`
	ClientBurst int `name:"client-burst" initial:"0" min:"0" max:"1000000" placeholder:"N" help:"Requests that a client may send at once after a pause; 0 is as many as in a second."`
	ClientTexts int `name:"client-texts" initial:"0" min:"0" max:"1000000000" placeholder:"N" help:"Texts per minute that a client may have predicted; 0 is any number. Others get a 429."`
	MaxClients  int `name:"max-clients" initial:"65536" min:"1" max:"16777216" placeholder:"N" help:"Clients to remember for client-rate and client-texts; the one that was away longest is forgotten."`
}

// Proxy says what stands between the service and its clients.
type Proxy struct {
	RootPath       Path      `name:"root-path" initial:"" placeholder:"/PATH" help:"Path below which clients see the service, and which the proxy in front removes."`
	TrustedProxies []Network `name:"trusted-proxies" initial:"" placeholder:"IP|CIDR" help:"Proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed."`
	CORSOrigins    []Origin  `name:"cors-origins" initial:"" placeholder:"ORIGIN" help:"Origins whose pages may read the answers; * for all."`
}

// Access says who may do what. Without keys and tokens everybody may do everything.
type Access struct {
	KeysFile      string      `name:"keys-file" initial:"" placeholder:"FILE" help:"File of keys, which tagifai keys new makes; with it, requests need a key."`
	JWKS          JWKS        `name:"jwks" initial:"" placeholder:"FILE|URL" help:"Public keys (JWK Set) of the issuer of JSON Web Tokens; with them, requests need a token or a key."`
	JWTIssuer     string      `name:"jwt-issuer" initial:"" placeholder:"NAME" help:"Issuer (iss) that tokens must have; any if empty."`
	JWTAudience   []string    `name:"jwt-audience" initial:"" placeholder:"NAME" help:"Audiences (aud), of which tokens must have one; any if empty."`
	JWTAlgorithms []Algorithm `name:"jwt-algorithms" initial:"RS256,ES256,EdDSA" placeholder:"NAME" help:"Algorithms that tokens may be signed with."`
	JWTClaim      string      `name:"jwt-claim" initial:"scope" placeholder:"NAME" help:"Claim of a token that names the actions: predict, explain, read, batch, admin."`
	Open          []Opening   `name:"open" initial:"health,docs" placeholder:"PART" help:"What needs no key and no token: health, docs, metrics, admin (all of admin-addr)."`
}

// Guarded reports whether requests need a key or a token.
func (a *Access) Guarded() bool { return a.KeysFile != "" || a.JWKS != "" }

// check refuses settings that would leave the service open by mistake.
func (a *Access) check(l *Loaded) error {
	for _, name := range []string{"keys-file", "jwks"} {
		// An unset variable of a script, most likely.
		if s := l.find(name); s.text == "" && (strings.HasPrefix(s.origin, "flag") || strings.HasPrefix(s.origin, "environment")) {
			return l.Refuse(name, "is empty; leave it out if everybody may do everything")
		}
	}
	for _, name := range []string{"jwt-issuer", "jwt-audience", "jwt-algorithms", "jwt-claim"} {
		if a.JWKS == "" && l.changed(name) {
			return l.Refuse(name, "is of no use without jwks; name the keys of the issuer, or leave it out")
		}
	}
	switch {
	case !a.Guarded() && l.changed("open"):
		return l.Refuse("open", "is of no use without keys-file or jwks, as everything is open; name one of them, or leave it out")
	case len(a.JWTAlgorithms) == 0:
		return l.Refuse("jwt-algorithms", "allows none; give those that the issuer uses")
	case a.JWTClaim == "":
		return l.Refuse("jwt-claim", "is empty; give the name of a claim such as scope")
	}
	return nil
}

// Timeouts bound how long requests may take, and the end of the service.
type Timeouts struct {
	ReadHeaderTimeout time.Duration `name:"read-header-timeout" initial:"5s" min:"1ms" placeholder:"DURATION" help:"Longest time that the header of a request may take."`
	ReadTimeout       time.Duration `name:"read-timeout" initial:"30s" min:"1ms" placeholder:"DURATION" help:"Longest time that header and body of a request may take together."`
	WriteTimeout      time.Duration `name:"write-timeout" initial:"60s" min:"1ms" placeholder:"DURATION" help:"Longest time from the end of a request's header to the end of its answer."`
	IdleTimeout       time.Duration `name:"idle-timeout" initial:"120s" min:"1ms" placeholder:"DURATION" help:"Longest time between two requests of a connection; it may be an eighth more."`
	DrainDelay        time.Duration `name:"drain-delay" initial:"5s" min:"0s" placeholder:"DURATION" help:"How long the service, told to stop, goes on but is not ready, for load balancers to see it."`
	DrainTimeout      time.Duration `name:"drain-timeout" initial:"10s" min:"1ms" placeholder:"DURATION" help:"Longest time that the requests in flight then have to finish."`
}

// Log says what is logged, and how.
type Log struct {
	LogLevel  string `name:"log-level" initial:"info" oneof:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level that is logged: debug, info, warn or error."`
	LogFormat string `name:"log-format" initial:"auto" oneof:"auto,json,console" placeholder:"FORMAT" help:"Form of the log: json, console, or auto for console on a terminal and json elsewhere."`
	LogProbes bool   `name:"log-probes" initial:"false" help:"Log requests of /livez, /readyz and /metrics as well."`
}

// check refuses invalid addresses, and settings that contradict each other.
func (s *Settings) check(l *Loaded) error {
	host, port, ok := splitAddr(s.Addr)
	if !ok {
		return l.Refuse("addr", "is not an address; give HOST:PORT such as :8000 or 127.0.0.1:8000")
	}
	adminHost, adminPort, ok := splitAddr(s.AdminAddr)
	switch {
	case s.AdminAddr != "" && !ok:
		return l.Refuse("admin-addr", "is not an address; give HOST:PORT such as 127.0.0.1:9000, or leave it empty for none")
	case s.AdminAddr != "" && port == adminPort && port != 0 && (host == adminHost || host == "" || adminHost == ""):
		return l.Refuse("admin-addr", "is taken by %s; give another port", l.describe("addr"))
	case s.TLSCert == "" && s.TLSKey != "":
		return l.Refuse("tls-key", "is of no use without tls-cert; name the file of the certificate, or leave it out")
	case s.TLSCert != "" && s.TLSKey == "":
		return l.Refuse("tls-cert", "is of no use without tls-key; name the file of its private key, or leave it out")
	case s.TLSCert == "" && s.TLSClientCA != "":
		return l.Refuse("tls-client-ca", "is of no use without tls-cert; name the file of the certificate, or leave it out")
	case s.AdminPlain && (s.TLSCert == "" || s.AdminAddr == ""):
		return l.Refuse("admin-plain", "is of no use without tls-cert and admin-addr; give them, or leave it out")
	case s.ClientBurst > 0 && s.ClientRate == 0:
		return l.Refuse("client-burst", "is of no use without client-rate; give one, or leave it out")
	case s.Model == "" && l.find("model").origin == "flag --model": // an unset variable of a script, most likely
		return l.Refuse("model", "is empty; leave the flag out for the embedded model")
	case s.Model != "" && s.Models != "":
		return l.Refuse("models", "contradicts %s; give one of them", l.describe("model"))
	case s.Models == "" && l.find("models").origin == "flag --models":
		return l.Refuse("models", "is empty; leave the flag out for the embedded model")
	case s.Models == "" && s.Aliases != "":
		return l.Refuse("aliases", "is of no use without models; name the directory of the models, or leave it out")
	case s.Models == "" && s.DefaultModel != "":
		return l.Refuse("default-model", "is of no use without models; name the directory of the models, or leave it out")
	case s.Models == "" && s.AllowEmpty:
		return l.Refuse("allow-empty", "is of no use without models; name the directory of the models, or leave it out")
	case s.Predictions == "" && l.find("predictions").origin == "flag --predictions":
		return l.Refuse("predictions", "is empty; leave the flag out to serve no table")
	case s.CanaryHeader != "" && strings.Trim(s.CanaryHeader, headerCharacters) != "":
		return l.Refuse("canary-header", "is not the name of a header; give one such as X-User")
	case s.Model == "" && s.Models == "" && s.Watch:
		return l.Refuse("watch", "contradicts %s, as the embedded model never changes; name a directory or leave watch out", l.describe("model"))
	case s.MaxHeldBytes/4 < s.MaxBodyBytes:
		return l.Refuse("max-held-bytes", "is less than four times %s, which such a body takes with its answer; raise the first or lower the second", l.describe("max-body-bytes"))
	case s.ReadTimeout < s.ReadHeaderTimeout:
		return l.Refuse("read-timeout", "is shorter than %s, which is a part of it; raise the first or lower the second", l.describe("read-header-timeout"))
	}
	return s.Access.check(l)
}

// headerCharacters are those that the name of a header may have.
const headerCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

// splitAddr splits host:port. The port must be a number, as what a name stands for
// differs between machines.
func splitAddr(addr string) (host string, port uint64, ok bool) {
	host, name, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, false
	}
	port, err = strconv.ParseUint(name, 10, 16)
	return host, port, err == nil
}
