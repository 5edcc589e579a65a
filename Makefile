# Everything here needs Go and make only; check also needs a C compiler, for the
# race detector, lint-api, test-pages and test-postman need Node.js and npm,
# test-schema needs Python and PyPI, and bench-peers the Debian packages that it
# names. `make` alone lists the targets.

PORT      ?= 8000
URL       ?= http://localhost:8000
OUT       ?= runs/$(shell date +%Y-%m-%dT%H%M%S)
FUZZTIME  ?= 10s
TESTFLAGS ?=
BENCH     ?= .
BASE      ?=
DATA      ?=
ARTIFACT  ?=
SOAKFLAGS ?=
BENCHFLAGS ?=
PARITY    ?= runs/parity
PARITYFLAGS ?=
CASES     ?= 20
SCHEMAFLAGS ?=
VULNDB    ?= v0.0.0-20261105234957-e22db6528018

GO      ?= go
# A build outside a git work tree, or before the first commit, is "dev".
VERSION ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
# The tools' versions are pinned in a module of their own, so that none of their
# dependencies becomes ours. The go command builds each once and caches it.
TOOL    := $(GO) tool -modfile=.tools/go.mod
# So is that by which tests judge configs/kubernetes and configs/compose. The go command does
# not see that these files, outside of the module, have changed: hence -count=1.
MANIFESTS := $(GO) -C .tools/deployment

# generate writes the API description into the directory $(1): swag from the
# annotations, internal/tools/openapi the rest from what swag wrote. docs and docs-check
# share it: the second proves that the first was run.
define generate
$(TOOL) swag init --quiet --dir ./internal/server,./internal/jsonbody,./internal/prediction,./internal/oip --generalInfo routes.go --parseInternal --requiredByDefault --useStructName --outputTypes json,yaml --output $(1) && \
$(GO) run ./internal/tools/openapi $(1)
endef

# The checkers of the API's description come from npm, pinned in .tools/npm. They run
# no install scripts, and neither report home nor look for newer versions.
NPM_BIN := .tools/npm/node_modules/.bin
NPM     := .tools/npm/node_modules/.package-lock.json
export REDOCLY_TELEMETRY = off
export REDOCLY_SUPPRESS_UPDATE_NOTICE = true

# fail is the end of a recipe line that ends the gate with a reason.
fail = { echo 'make $@: $(1)' >&2; exit 1; }

.DEFAULT_GOAL := help
# check runs its parts in the order in which they are listed, also under -j.
.NOTPARALLEL:
.PHONY: help run build test check fmt lint gofmt vet staticcheck golangci-lint tidy-check docs docs-check lint-api test-postman schemathesis test-schema test-pages race fuzz bench bench-against bench-update bench-venvs bench-peers bench-replica parity soak dist image train model vuln licences clean

help: ## list the targets
	@awk -F ':[^#]*## ' '/^[a-z-]+:[^#]*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: build ## build the service and serve on PORT (8000)
	bin/tagifai serve --addr :$(PORT)

build: ## build bin/tagifai, one static binary
	CGO_ENABLED=0 $(GO) build -buildvcs=false -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tagifai ./cmd/tagifai

test: ## run the tests; TESTFLAGS=-v names them
	$(GO) test $(TESTFLAGS) ./...
	$(MANIFESTS) test -count=1 $(TESTFLAGS) ./...

check: lint tidy-check docs-check race fuzz ## the gate: everything a change has to pass
	@echo 'make check: passed'

fmt: ## format the Go files and group their imports
	$(TOOL) golangci-lint fmt

lint: gofmt vet staticcheck golangci-lint ## gofmt, go vet, staticcheck and golangci-lint

gofmt:
	@echo '== gofmt'
	@files=$$(gofmt -s -l .) || $(call fail,gofmt could not read the files above); \
	[ -z "$$files" ] || { echo "$$files"; $(call fail,the files above need gofmt -s: run make fmt); }

vet:
	@echo '== go vet'
	@$(GO) vet ./... && $(MANIFESTS) vet ./... || $(call fail,go vet found the above)

staticcheck:
	@echo '== staticcheck'
	@$(TOOL) staticcheck ./... && $(MANIFESTS) tool -modfile=../go.mod staticcheck ./... || $(call fail,staticcheck found the above)

golangci-lint:
	@echo '== golangci-lint'
	@$(TOOL) golangci-lint run && $(MANIFESTS) tool -modfile=../go.mod golangci-lint run || $(call fail,golangci-lint found the above)

tidy-check: ## prove that go.mod and go.sum are tidy
	@echo '== go mod tidy'
	@$(GO) mod tidy -diff || $(call fail,go.mod or go.sum is not tidy: run go mod tidy)
	@$(GO) -C .tools mod tidy -diff || $(call fail,.tools/go.mod or .tools/go.sum is not tidy: run go -C .tools mod tidy)
	@$(MANIFESTS) mod tidy -diff || $(call fail,.tools/deployment/go.mod or go.sum is not tidy: run go -C .tools/deployment mod tidy)

docs: ## regenerate api/ from the annotations of the handlers, and what /docs and /redoc load
	$(call generate,api)
	$(GO) run ./internal/tools/apipages internal/apidocs/bundled

docs-check:
	@echo '== generated files'
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	{ $(call generate,"$$dir") || $(call fail,the API description could not be generated); } && \
	{ diff -r api "$$dir" || $(call fail,api/ is not what the annotations say: run make docs); }

$(NPM): .tools/npm/package.json .tools/npm/package-lock.json
	@command -v npm >/dev/null || $(call fail,the checkers of the API need Node.js and npm)
	@npm ci --prefix .tools/npm --ignore-scripts --no-audit --no-fund --no-update-notifier || $(call fail,npm could not install the checkers)

# Not a part of check, as it needs Node.js.
lint-api: $(NPM) ## lint the API's description with Redocly and Spectral (needs npm)
	@echo '== redocly lint'
	@$(NPM_BIN)/redocly lint --extends=recommended-strict api/openapi.json || $(call fail,redocly found the above)
	@echo '== spectral lint'
	@$(NPM_BIN)/spectral lint --ruleset .tools/npm/spectral.yaml --fail-severity=hint api/openapi.json || $(call fail,spectral found the above)

test-postman: $(NPM) ## run the Postman collection against the service at URL (needs npm)
	@echo '== newman'
	@$(NPM_BIN)/newman run api/postman.json --env-var baseUrl=$(URL) || $(call fail,a request of the collection failed)

# Schemathesis comes from PyPI, into a directory of its own. CASES=300 is 10,000 cases.
SCHEMATHESIS := runs/schemathesis-4.32.5

$(SCHEMATHESIS):
	@python3 -m venv $@ && $@/bin/pip install --quiet --disable-pip-version-check schemathesis==$(@:runs/schemathesis-%=%) || { rm -rf $@; $(call fail,Schemathesis could not be installed: it needs Python and PyPI); }

schemathesis: $(SCHEMATHESIS)

test-schema: $(SCHEMATHESIS) ## have Schemathesis try the service at URL, CASES (20) times a route (needs Python)
	@HYPOTHESIS_STORAGE_DIRECTORY=runs/hypothesis $</bin/schemathesis --config-file .tools/schemathesis.toml run $(URL)/openapi.json --max-examples $(CASES) --continue-on-failure --warnings off $(SCHEMAFLAGS) || $(call fail,an answer is not what the description says)

test-pages: $(NPM) ## use the pages in Chromium and check them with axe (needs npm)
	$(GO) test -count 1 -v -run 'InBrowser|TestTry' ./internal/server

race:
	@echo '== race-enabled tests'
	@cc=$$($(GO) env CC) && command -v "$${cc%% *}" >/dev/null || $(call fail,the race detector needs a C compiler: install gcc or set CC)
	@CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) ./... && $(MANIFESTS) test -count=1 $(TESTFLAGS) ./... || $(call fail,a race-enabled test failed)

fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@echo '== fuzz targets, $(FUZZTIME) each'
	@GO='$(GO)' FUZZTIME='$(FUZZTIME)' sh .tools/fuzz.sh || $(call fail,a fuzz target failed)

# benchmarks runs the Go benchmarks, six times each for benchstat's sake unless COUNT says
# otherwise, and writes what they print to the file $(1).
define benchmarks
mkdir -p $(dir $(1)) && \
{ $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -benchtime 200ms -count $(or $(COUNT),6) ./... >$(1).tmp || { cat $(1).tmp; rm $(1).tmp; exit 1; }; } && \
mv $(1).tmp $(1)
endef

bench: ## run the Go benchmarks that match BENCH (all), beside the committed figures
	@$(call benchmarks,runs/bench.txt)
	@$(TOOL) benchstat -ignore cpu committed=.tools/bench.txt now=runs/bench.txt
	@echo 'The committed figures are of:$(shell sed -n 's/^cpu://p' .tools/bench.txt | sort -u | head -1). On another machine, or a busy one, sec/op says little; B/op and allocs/op compare.'

bench-against: ## run the Go benchmarks in turn with those of the commit BASE, ten times
	@[ -n '$(BASE)' ] || $(call fail,name the commit: make bench-against BASE=main~1)
	@GO='$(GO)' BASE='$(BASE)' BENCH='$(BENCH)' sh .tools/bench-against.sh

bench-update: ## commit to new figures: write .tools/bench.txt
	@$(call benchmarks,.tools/bench.txt)
	@git --no-pager diff --stat .tools/bench.txt

# ARTIFACT names a directory of scikit-learn's in place of one trained on DATA;
# BENCHFLAGS=-help lists what else there is.
bench-venvs: ## install MLServer, MLflow, BentoML and LitServe for bench-peers (PyPI, 2 GB)
	@$(GO) run ./internal/tools/bench install runs/peers

bench-peers: build ## measure beside other servers, scikit-learn, fastText: [DATA=labelled.csv]
	@$(GO) build -o bin/bench ./internal/tools/bench
	@bin/bench $(if $(DATA),-data '$(DATA)') $(if $(ARTIFACT),-artifact '$(ARTIFACT)') $(BENCHFLAGS)

bench-replica: build ## measure what configs/scaling.md reckons with (wrk): [DATA=labelled.csv]
	@$(GO) build -o bin/bench ./internal/tools/bench
	@bin/bench -only replica -lines 500000 $(if $(DATA),-data '$(DATA)') $(BENCHFLAGS)

# Not a part of check, as it needs the Pythons of internal/tools/parity/versions.txt and
# PyPI, and minutes: a version whose Python is missing is skipped. PARITY keeps their
# environments from run to run; PARITYFLAGS=-help lists what else there is.
parity: ## compare with nine versions of scikit-learn: [PARITY=dir] [DATA=labelled.csv]
	@$(GO) run ./internal/tools/parity -dir '$(PARITY)' $(if $(DATA),-data '$(DATA)') $(PARITYFLAGS)

# Not a part of check: it takes fifteen minutes and has to have the machine to itself.
soak: build ## prove what configs/README.md says of overload, slow and silent clients, reload, stop and rollout (nginx); SOAKFLAGS=-quick
	$(GO) run ./internal/tools/soak $(SOAKFLAGS)

# The time of all files is that of the commit, unless SOURCE_DATE_EPOCH says another.
dist: ## build what is released into bin/dist: archives, Python wheels, checksums, bills of materials; SYSTEMS=linux/amd64 for one alone
	@$(GO) run ./internal/tools/dist $(if $(SYSTEMS),-systems '$(SYSTEMS)') -version '$(VERSION)' -time '$(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)'
	@cat bin/dist/SHA256SUMS

# Not a part of check, as it takes root, and minutes.
image: build ## build the container image twice with buildah, compare, and serve from it with crun (as root; buildah crun skopeo)
	@GO='$(GO)' VERSION='$(VERSION)' PORT='$(PORT)' TIME='$(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)' sh .tools/image.sh

# The vectors of words are made with Python, in some minutes. Their bytes are the same on
# all machines with AVX-512, as OpenBLAS is told which kernels to use. On others, name
# kernels that they have: make model OPENBLAS_CORETYPE=Haswell. These round a last digit
# otherwise, and make model says so.
OPENBLAS_CORETYPE ?= SkylakeX
VECTORS        := runs/vectors.txt.gz
VECTORS_SHA256 := 4215efbc7cf4b0219cf581ef238de0cb0e48e130cc77223f429fd3d89f740be0

$(VECTORS): .tools/vectors/vectors.py .tools/vectors/terms.txt .tools/vectors/requirements.txt
	@[ -n '$(DATA)' ] || $(call fail,name the labelled data: make model DATA=path/to/dataset.csv)
	python3 -m venv runs/vectors
	runs/vectors/bin/pip install --quiet --no-deps -r .tools/vectors/requirements.txt
	OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=$(OPENBLAS_CORETYPE) runs/vectors/bin/python .tools/vectors/vectors.py --data '$(DATA)' --words .tools/vectors/terms.txt --out $@

model: ## make the default model anew, with vectors of words (needs Python): DATA=dataset.csv
	@[ -n '$(DATA)' ] || $(call fail,name the labelled data: make model DATA=path/to/dataset.csv)
	@$(MAKE) --no-print-directory $(VECTORS)
	@echo '$(VECTORS_SHA256)  $(VECTORS)' | sha256sum -c --quiet - || echo 'make model: the vectors are not those of the committed model: its bytes will differ' >&2
	rm -rf runs/model
	SOURCE_DATE_EPOCH=1764028800 $(GO) run -buildvcs=false ./cmd/tagifai train --data '$(DATA)' --also configs/everyday.csv --vectors $(VECTORS) --args configs/args-vectors.json --plot --out runs/model
	rm -f runs/model/golden.json
	cp runs/model/*.json runs/model/*.txt runs/model/*.safetensors model/artifacts/

train: ## train a model: DATA=labelled.csv [OUT=runs/<time>]
	@[ -n '$(DATA)' ] || $(call fail,name the labelled data: make train DATA=path/to/labelled.csv)
	@$(MAKE) --no-print-directory build
	bin/tagifai train --data '$(DATA)' --args configs/args.json --out '$(OUT)'

# Not a part of check, which would then depend on the release of Go: most findings are of
# the standard library. The database is a version of a module, as vuln.go.dev is not reached
# from everywhere: VULNDB=latest is today's.
vuln: ## look the code and its dependencies up in Go's vulnerability database, of VULNDB
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	{ $(GO) run ./internal/tools/vulndb $(VULNDB) "$$dir" || $(call fail,the database could not be made: golang.org/x/vulndb comes from the module proxy); } && \
	{ $(TOOL) govulncheck -db "file://$$dir" ./... || $(call fail,govulncheck found the above); }

licences: ## write the modules in the program with their licences to internal/tools/licences
	@$(GO) run ./internal/tools/licences >internal/tools/licences/licences.txt || $(call fail,a licence is missing or not permitted)

clean: ## remove what the targets above leave behind
	rm -rf bin runs .tools/bin .tools/npm/node_modules coverage.out
	find . -name .git -prune -o \( -name '*.prof' -o -name '*.test' \) -type f -exec rm -f {} +
