# shellcheck shell=bash
# What run installs besides Debian's packages (deploy/packages, use "clients" and "clients-all"):
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
	npm ci --no-audit --no-fund && : >installed
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
