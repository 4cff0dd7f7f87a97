# Everything runs from .venv, which `make setup` brings up to date (nothing to do when it is).
BIN := .venv/bin

# Some images set it. Here it costs minutes: tests start hundreds of processes, each of which would
# compile all it imports, and both workers would rewrite each test file.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup testbed sandbox test warm newest lint audit format unit proof bench generate docs clean

help: ## show this
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## bring uv and .venv
	@sh hack/setup.sh

testbed: setup ## build the test bed's binaries (once, about 15 minutes on two cores)
	@$(BIN)/akoo-testbed build

sandbox: setup ## start real clusters, run the operator, tell the story of a cluster's life
	@$(BIN)/akoo-core sandbox $(ARGS)

# Two workers: what shares the bed stays together in one, all else goes where there is room.
test: testbed ## every test, on the real bed; those of TLS also on the newest Python
	@$(BIN)/akoo-testbed build --only helm
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)
	@$(if $(ARGS),,sh hack/newest.sh)

warm: setup ## compile the tests: as fast as collecting them, and then no worker of make test has to
	@$(BIN)/pytest --collect-only -qqq >/dev/null 2>&1 || true

newest: setup ## the tests of TLS and of the clients, on the newest Python of this machine
	@sh hack/newest.sh $(ARGS)

unit: setup ## the tests that need no servers
	@$(BIN)/pytest tests/unit plugins testbed/tests -m "not bed" $(ARGS)

lint: setup ## ruff, mypy --strict, layers, the site of the docs, workflows, licences
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/tmp/akoo-lint-imports.$$$$ 2>&1 \
		|| { cat /tmp/akoo-lint-imports.$$$$; rm -f /tmp/akoo-lint-imports.$$$$; exit 1; }; \
		rm -f /tmp/akoo-lint-imports.$$$$
	@sh hack/site.sh
	@$(BIN)/zizmor --offline --quiet --no-progress --pedantic .github
	@sh hack/actionlint.sh
	@$(BIN)/python -m hack.licences

# Not part of lint: osv.dev answers, and its answers change without a change here.
audit: setup ## known vulnerabilities of the locked packages (asks osv.dev)
	@PATH="$(CURDIR)/.tools/bin:$$PATH" uv audit --frozen --preview-features audit-command

format: setup ## let ruff format and mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

generate: setup ## write the files of deploy/ and docs/ and the manual pages, from code and packaged manifests
	@$(BIN)/python -m hack.generate

# Every crash point and many seeds; on the real bed every point of death, and stories with the
# times that configs have by default.
proof: testbed ## crashes, simulation and the bed under fire at full length
	@AKOO_PROOF=1 $(BIN)/pytest tests/sim tests/fire tests/stories tests/e2e tests/component/moves \
		plugins/vsphere/tests/test_vsphere_crashes.py plugins/avi/tests/test_avi_slow.py plugins/avi/tests/life/test_avi_life_bootrules.py \
		plugins/tenancy/tests/test_tenancy_crashes.py plugins/tenancy/tests/test_tenancy_storms.py plugins/tenancy/tests/test_tenancy_tenant_crashes.py \
		plugins/tenancy/tests/test_tenancy_isolation.py plugins/tenancy/tests/test_tenancy_bad_stores.py \
		plugins/vsphere/tests/test_vsphere_inventories.py tests/unit/cli/ui tests/unit/reconcile/test_deploy_kept_model.py tests/unit/release \
		tests/component/deploy/test_chart_life.py tests/component/deploy/test_clusterctl_life.py \
		plugins/ako/tests/migration plugins/ako/tests/component/test_ako_any_config.py -n 2 --dist loadgroup $(ARGS)

# Releases that no bed has yet are built: Cluster API in two to four minutes, Kubernetes in about eight.
.PHONY: compat
compat: setup ## a short life on other releases of Kubernetes and Cluster API: make compat ROW=cluster-api-1.13
	@$(BIN)/python -m hack.compat $(ROW)

# kopf, which some figures are compared with, comes into .venv for it.
bench: testbed ## figures, no gate (a quarter of an hour)
	@PATH="$(CURDIR)/.tools/bin:$$PATH" uv sync --quiet --frozen --all-packages --inexact --group bench
	@$(BIN)/python -m benchmarks $(ARGS)

# Zensical comes into .venv for it. What it needs beside jinja2 and pyyaml is needed nowhere else.
docs: setup ## build the pages as a site, in build/site; dead links and loads from other hosts end it
	@PATH="$(CURDIR)/.tools/bin:$$PATH" uv sync --quiet --frozen --all-packages --inexact --group docs
	@$(BIN)/python -m hack.docs_site

clean: ## remove what setup made here (not the test bed's cache)
	rm -rf build .venv .venv-newest .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
