# shellcheck shell=bash
# What run installs besides Debian's packages (deploy/packages, uses "clients" and "more"):
# packages of npm, Maven, PyPI and Go at the versions written here and in package.json, into
# $INSTALL.  What is there already is kept.  Each function says on stderr why it failed.

# Runs a command with all output in NAME.log; the end of that on stderr if it fails.
quietly() # NAME COMMAND...
{
	local log=$INSTALL/$1.log

	"${@:2}" >"$log" 2>&1 </dev/null && return 0
	tail -n 5 "$log" >&2
	return 1
}

npm_packages() # FOLDER
{
	rm -rf "$1" && mkdir -p "$1" && cp package.json package-lock.json "$1/" && cd "$1" || return 1
	# Debian's npm makes no link to a program named node.
	npm ci --no-audit --no-fund && ln -s node_modules/node-linux-*/bin/node node &&
		./node --version && : >installed
}

# npm packages with their Node.js, which is a package too: one version everywhere.
install_npm()
{
	local to=$INSTALL/npm

	cmp -s package-lock.json "$to/package-lock.json" && [ -e "$to/installed" ] ||
		(quietly npm npm_packages "$to") || return 1
	# Node.js looks for packages beside and above the program.
	cp ./*.mjs "$to/"
}

# The rest is for run --all.
JSIGN=net.jsign:jsign:7.4
MAVEN_COPY=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy
TIMESTAMP_CLI=github.com/sigstore/timestamp-authority/v2/cmd/timestamp-cli@v2.0.5

install_maven()
{
	local to=$INSTALL/maven version=${JSIGN##*:}

	[ -e "$to/jsign-$version.jar" ] || quietly maven mvn -B -ntp -Dmaven.repo.local="$INSTALL/m2" \
		"$MAVEN_COPY" -Dartifact="$JSIGN" -DoutputDirectory="$to"
}

pypi_packages() # FOLDER
{
	rm -rf "$1" && /usr/bin/python3 -m venv "$1" && "$1/bin/pip" install -r requirements.txt &&
		cp requirements.txt "$1/installed"
}

install_pypi()
{
	cmp -s requirements.txt "$INSTALL/venv/installed" || quietly pypi pypi_packages "$INSTALL/venv"
}

# Go 1.25 or later, which Debian 12 has not.
install_go()
{
	local version=${TIMESTAMP_CLI##*@}

	[ -e "$INSTALL/go/$version" ] || { quietly go env GOBIN="$INSTALL/go" GOPATH="$INSTALL/gopath" \
		GOFLAGS=-modcacherw go install "$TIMESTAMP_CLI" && : >"$INSTALL/go/$version"; }
}
