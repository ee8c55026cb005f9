# What a person or CI does with this tree. Needs Go, make and, for the race detector,
# a C compiler. Servers for the tests are fetched by tests/services; HDFS and Kafka
# need Java 17 and Maven besides.

SHELL     := /bin/sh
GO        ?= go
FUZZTIME  ?= 10s
TESTLIMIT ?= 25m
PACKAGES  ?= ./...
TESTFLAGS ?=
# The race detector links against C; without a compiler the tests run without it. SQLite,
# C that was made Go, is not watched by it: that would take most of the tests' time and
# tell nothing of this project. No package with generic code can be left out so: the linker
# might take its copy of an instance for those of all others, which then miss its locks.
HAVE_CC   := $(shell command -v gcc || command -v cc)
RACE      := $(if $(HAVE_CC),-race -gcflags=modernc.org/sqlite/lib=-race=false,)

.PHONY: build test bench demo demo-stop lint fuzz services clean help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

build: ## all programs into bin/, all target handlers into bin/plugins/
	@mkdir -p bin/plugins
	@if [ -n "$$(find cmd -name '*.go' 2>/dev/null)" ]; then \
		echo "building bin/"; CGO_ENABLED=0 $(GO) build -o bin/ ./cmd/...; fi
	@if [ -n "$$(find plugins -name '*.go' 2>/dev/null)" ]; then \
		echo "building bin/plugins/"; CGO_ENABLED=0 $(GO) build -o bin/plugins/ ./plugins/...; fi

# A server that cannot be had is no failure here: the tests that need it skip with the
# reason, or fail if REQUIRE_SERVICES names it.
services: ## fetch the servers that the tests run on
	@$(GO) run ./tests/services provision || echo "services: going on with what there is"

lint: ## gofmt and go vet
	@echo "gofmt"
	@unformatted=$$(find . -name '*.go' -not -path './.git/*' -not -path './demo/*' -not -path './bin/*' \
		-exec gofmt -l {} +) || exit 1; \
	if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	@echo "go vet"
	@$(GO) vet ./...

test: build services lint ## everything CI checks; ends with a summary
	@$(if $(RACE),,echo "no C compiler: running WITHOUT the race detector";) \
	mkdir -p bin; CGO_ENABLED=0 $(GO) build -o bin/test-summary ./tests/summary
	@echo "go test $(RACE) $(PACKAGES)"
	@CGO_ENABLED=$(if $(RACE),1,0) bin/test-summary -log test.json \
		$(GO) test -json $(RACE) -count=1 -timeout $(TESTLIMIT) $(TESTFLAGS) $(PACKAGES)

bench: build services ## measure against other ways to do the same
	@$(GO) run ./tests/bench

demo: build ## a running replication to look at
	@GO="$(GO)" sh ./demo.sh up

demo-stop: ## end the demo and remove what it made
	@sh ./demo.sh down

fuzz: ## every fuzz test for FUZZTIME each
	@for dir in $$(grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | sed 's/^func //'); do \
			echo "fuzz $$dir $$f for $(FUZZTIME)"; \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$dir || exit 1; \
		done; done

clean: ## remove what was built; the cache of servers stays
	rm -rf bin test.json bench.json coverage.*
	@echo "the cache of servers is kept: see go run ./tests/services help"
