# The commands that people and CI use.
# Tools and brokers are cached outside the repository, in MUSTER_CACHE.

MUSTER_CACHE ?= $(HOME)/.cache/muster
export MUSTER_CACHE

# What is compiled in one folder does for every other one that has the same source.
export GOFLAGS := -trimpath $(shell go env GOFLAGS)

LINT_VERSION := $(shell cat .golangci-version)
LINT := $(MUSTER_CACHE)/bin/golangci-lint-$(LINT_VERSION)

# Of make faults: how many storms, how many at a time, the seed of the first,
# and "fake" for a fake broker.
RUNS ?= 20
LANES ?= 3
SEED ?= 1
KAFKA ?= real

# Of make steady: how often each mode runs, the packages, and the seed that the
# first run's tests are shuffled by (SEED).
COUNT ?= 1
PACKAGES ?= ./...

# Of make demo: "flaky" for an endpoint that misbehaves.
RECEIVER ?=

# Of make soak-service: how long.
FOR ?= 1h

# Of make bench-e2e: which populations, cases and numbers of segments, with
# commas between them, and how often each (bench-scale's too); empty for all, three times.
# PROFILE is a folder for profiles.
POPULATION ?=
CASES ?=
SEGMENTS ?=
REPEATS ?=
PROFILE ?=

.DEFAULT_GOAL := help
.PHONY: help build demo test steady race e2e e2e-servers e2e-suites faults soak-service retail soak lint vuln bench bench-backfill bench-peer bench-e2e

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the binary into bin/
	go build -trimpath -o bin/evaluator ./cmd/evaluator

demo: ## show audiences move on generated shop traffic, and each change sent to an endpoint; needs nothing but Go; RECEIVER
	go run ./cmd/evaluator demo $(if $(RECEIVER),--receiver $(RECEIVER))

# -count=1: the suite builds and runs a binary, which the test cache can't see.
test: ## run every test, the e2e suite on an embedded broker and a real Redis
	go test -count=1 -timeout 30m ./...

steady: ## run PACKAGES' tests COUNT times idle, with busy cores, with one core, and two suites side by side; SEED
	@go run ./test/steady -count $(COUNT) -seed $(SEED) $(PACKAGES)

# spoil overwrites memory of profiles that is used again as soon as it is free.
race: ## run every test but the whole-binary suites under the race detector
	go test -count=1 -timeout 30m -race -tags spoil -short ./...

e2e: e2e-servers e2e-suites ## run the e2e suite on Apache Kafka, Redis, Redis Cluster, an S3 server and Temporal's; needs java and mvn

# What they need is fetched and built first, once. -p 1: each for itself.
e2e-servers: ## fetch and build the servers of make e2e, and see them start, end and come back
	MUSTER_E2E=real go test -count=1 -p 1 -timeout 90m ./test/kit/temporal ./test/kit/kafka ./test/kit/redis ./test/kit/s3

# Of the suites that start brokers one runs at a time: two brokers are too much
# for a small machine.
e2e-suites: ## what make e2e does with its servers
	MUSTER_E2E=real go test -count=1 -p 2 -timeout 40m ./stream ./sink ./history/archive ./history/files
	MUSTER_E2E=real go test -count=1 -timeout 40m ./test/e2e
	MUSTER_E2E=real go test -count=1 -timeout 20m -run '^TestS3' ./history

# The JSON lines are all that goes to stdout.
faults: ## let storms of faults hit Kafka, Redis and evaluators, and compare with the oracle; RUNS, SEED, LANES
	@line=$$(mktemp) && MUSTER_FAULTS=$$line MUSTER_E2E=$(KAFKA) MUSTER_RUNS=$(RUNS) MUSTER_SEED=$(SEED) \
		go test -count=1 -timeout 12h -parallel $(LANES) -run '^TestFaults' ./test/faults >&2; status=$$?; \
		cat $$line; rm -f $$line; exit $$status

soak-service: ## an hour (FOR) at half load with a fault each minute: nothing may grow
	@line=$$(mktemp) && MUSTER_FAULTS=$$line MUSTER_E2E=$(KAFKA) MUSTER_SERVICE=$(FOR) \
		go test -count=1 -timeout 12h -v -run '^TestService' ./test/faults >&2; status=$$?; \
		cat $$line; rm -f $$line; exit $$status

retail: ## feed a real shop's year through the service, replay, backfills and insights, and compare with the oracle and a script
	@line=$$(mktemp) && MUSTER_RETAIL=$$line \
		go test -count=1 -timeout 60m -run '^TestRetail' ./test/retail >&2; status=$$?; \
		cat $$line; rm -f $$line; exit $$status

soak: ## compare a billion decisions with the oracle; MUSTER_DECISIONS, MUSTER_SEED
	@go run ./test/soak/run

lint: $(LINT) ## check style, layers and that both modules' requirements are tidy
	@for module in . bench; do (cd $$module && go mod tidy -diff) || \
		{ echo "make lint: $$module/go.mod or go.sum is not tidy: run 'go mod tidy' in $$module and commit what it changes" >&2; exit 1; }; done
	$(LINT) run ./...
	cd bench && $(LINT) run ./...
	go test -count=1 ./test/layers ./test/papers

vuln: ## look for known vulnerabilities in what is used; needs vuln.go.dev
	go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...

bench: ## run the benchmarks, one JSON line per result; PART=name for one part, and only so for sweep, backfill, publication, activation and api, which take 5 to 10 minutes
	@go run ./test/bench $(PART)

# A backfill of EVENTS events, 50,000,000 by default, takes some 10 GB of disk.
bench-backfill: EVENTS = 50000000
bench-backfill: ## hold the memory of a large backfill against that of a million events, and fail beyond 1.3 times or 1 GB; EVENTS
	@MUSTER_BACKFILL_EVENTS=$(EVENTS) go run ./test/bench backfill-memory

# Of make bench-peer: the folder of the peer's source, from the root of the
# repository, records at full speed, and which peers, with commas between them.
# SEGMENTS and REPEATS are as above; HOT is how many profiles there are.
PEER ?= ../shared/peers/kafka-streams
PEERS ?=
HOT ?=
bench-peer: EVENTS = 700000
bench-peer: ## measure Muster beside an application of Kafka Streams, and fail below the aims; PEER, PEERS, SEGMENTS, EVENTS, REPEATS
	@MUSTER_LOAD_PEER="$(PEER)" MUSTER_LOAD_PEERS=$(PEERS) MUSTER_LOAD_SEGMENTS=$(SEGMENTS) MUSTER_LOAD_EVENTS=$(EVENTS) \
		MUSTER_LOAD_REPEATS=$(REPEATS) MUSTER_LOAD_HOT=$(HOT) go run ./test/bench peer

bench-e2e: KAFKA = fake
bench-e2e: ## measure the whole way, and fail where it is too slow; POPULATION, CASES, SEGMENTS, REPEATS
	@line=$$(mktemp) && MUSTER_LOAD=$$line MUSTER_E2E=$(KAFKA) MUSTER_LOAD_POPULATION=$(POPULATION) MUSTER_LOAD_CASES=$(CASES) \
		MUSTER_LOAD_SEGMENTS=$(SEGMENTS) MUSTER_LOAD_REPEATS=$(REPEATS) MUSTER_LOAD_PROFILE=$(PROFILE) \
		go test -count=1 -timeout 12h -v -run '^TestLoad' ./test/load >&2; status=$$?; \
		cat $$line; rm -f $$line; exit $$status

bench-scale: KAFKA = fake
bench-scale: ## measure one evaluator and two on 8 partitions, and compare with docs/scaling.md; REPEATS
	@line=$$(mktemp) && MUSTER_SCALE=$$line MUSTER_E2E=$(KAFKA) MUSTER_LOAD_REPEATS=$(REPEATS) \
		go test -count=1 -timeout 2h -v -run '^TestScale$$' ./test/load >&2; status=$$?; \
		cat $$line; rm -f $$line; exit $$status

$(LINT):
	@echo "installing golangci-lint $(LINT_VERSION) into $(MUSTER_CACHE)/bin, which takes some minutes"
	@mkdir -p $(MUSTER_CACHE)/bin
	GOBIN=$(MUSTER_CACHE)/bin/$(LINT_VERSION) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(MUSTER_CACHE)/bin/$(LINT_VERSION)/golangci-lint $@
