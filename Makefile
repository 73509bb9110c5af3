# The table of contents of the project. `make` alone prints it; a machine that builds what changes
# lands on runs `.ci/run`, which is `make check test test-cluster`.

.DEFAULT_GOAL := help
SHELL := /bin/bash

ARGS ?=

.PHONY: help
help:
	@awk -F ':.*## ' '/^## /{print "\n" substr($$0, 4)} /^[a-z-]+:.*## /{printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

## Try it

.PHONY: demo
demo: ## Start on fresh state, apply examples/, show what each workload got (ARGS=--once ends after the show)
	@scripts/demo.sh $(ARGS)

## Change it

.PHONY: fmt
fmt: ## Format all code
	cargo fmt --all

.PHONY: test
test: ## Run every test, then look for secret values in all they wrote; installs what the tests need
	@scripts/test.sh $(ARGS)

.PHONY: test-cluster
test-cluster: ## Run the tests on a real etcd and kube-apiserver, and beside a node; builds them and helm once, with Go
	@scripts/test-cluster.sh $(ARGS)

.PHONY: node
node: ## Open a shell beside a whole cluster with one node, which ends with it; needs root
	@cargo build -p bowline --locked
	@scripts/node.sh bash

.PHONY: bench
bench: ## Run the benchmarks; each prints its ratio to a baseline measured in the same run
	cargo build --release --locked -p bowline
	cargo bench -p bowline-benches --benches --locked $(ARGS)

.PHONY: fuzz
fuzz: ## Fuzz every parser, FUZZ_SECONDS=300 each; needs a nightly toolchain and cargo-fuzz
	@scripts/fuzz.sh $(ARGS)

## Check it

.PHONY: check
check: check-fmt check-tidy check-purity check-clippy check-doc check-alone check-deny check-chart ## All checks below

.PHONY: check-fmt
check-fmt: ## The code is formatted
	cargo fmt --all --check

.PHONY: check-tidy
check-tidy: ## House rules that no other tool knows
	@scripts/tidy.sh

.PHONY: check-purity
check-purity: ## Crates depend on each other, and on others, in the agreed direction only
	@scripts/check-purity.sh

.PHONY: check-clippy
check-clippy: ## No lint finds anything
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo clippy -p bowline --features otel --all-targets --locked -- -D warnings

.PHONY: check-doc
check-doc: ## The documentation builds without a warning
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

.PHONY: check-alone
check-alone: ## Each crate builds without the features that others switch on
	@scripts/check-alone.sh

.PHONY: check-deny
check-deny: ## Licences, bans, sources and advisories of dependencies; installs cargo-deny if missing
	@scripts/check-deny.sh

.PHONY: check-chart
check-chart: ## The Helm chart passes lint, renders what its snapshots hold, and refuses bad settings
	@scripts/chart.sh

.PHONY: update-chart-snapshots
update-chart-snapshots: ## Write deploy/chart/snapshots anew, to be looked at before a commit
	@scripts/chart.sh update

.PHONY: update-reference
update-reference: ## Write the generated pages and parts of docs/reference anew
	UPDATE_REFERENCE=1 cargo test --locked -p bowline --bin bowline the_page_about_commands
	UPDATE_REFERENCE=1 cargo test --locked -p bowline-probe --test suite the_page_of_outcomes
	UPDATE_REFERENCE=1 cargo test --locked -p bowline-cluster-tests --test suite the_page_lists
	UPDATE_REFERENCE=1 cargo test --locked -p bowline-pipelines --lib the_reference

.PHONY: update-differential
update-differential: ## Store what a real kube-apiserver answers to tests/cluster/differential, to be looked at before a commit
	UPDATE_DIFFERENTIAL=1 scripts/test-cluster.sh answers_as_kube_apiserver_does

## Keep house

.PHONY: install-tools
install-tools: ## Install or build what `demo`, `test`, `test-cluster` and `check` would when they need it
	@scripts/kubectl.sh > /dev/null
	@scripts/jq.sh > /dev/null
	@scripts/chromium.sh > /dev/null
	@scripts/cargo-deny.sh > /dev/null
	@scripts/cluster-tools.sh > /dev/null
	@scripts/google-auth.sh > /dev/null
	@scripts/kserve-storage.sh > /dev/null
	@scripts/kubernetes-client.sh > /dev/null
	@scripts/kubernetes-mcp-server.sh > /dev/null
	@scripts/odahu-client.sh > /dev/null
	@scripts/oidc-provider.sh > /dev/null
	@scripts/schemathesis.sh > /dev/null

.PHONY: clean
clean: ## Remove everything that was built or installed here
	cargo clean
	rm -rf target/tools target/canary target/canary-cluster
