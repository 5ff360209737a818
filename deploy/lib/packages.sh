# shellcheck shell=bash
# Packages of Debian 12: installs what deploy/packages lists and the machine lacks.  Needs
# common.sh.

as_root()
{
	if is_root; then
		"$@"
	else
		sudo "$@"
	fi
}

packages_missing() # USE...
{
	local use name rest wanted

	while read -r use name rest; do
		for wanted in "$@"; do
			[ "$use" = "$wanted" ] || continue
			[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
				printf '%s\n' "$name"
		done
	done <"$TOP/deploy/packages"
}

packages_apt() # ARGUMENTS
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# Some packages start a daemon and have it started at every boot. Nothing here needs that: what is
# installed is run by ourselves, when it is needed.  A shell of its own, so that the policy goes with
# it even if it is interrupted.
packages_apt_install() # PACKAGE...
(
	policy=/usr/sbin/policy-rc.d
	status=0
	if [ ! -e "$policy" ]; then
		trap 'as_root rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
		as_root chmod 755 "$policy"
	fi
	packages_without_cluster "$@" || status=$?
	[[ " $* " != *' haproxy '* ]] || as_root update-rc.d haproxy disable || status=$?
	exit "$status"
)

# Installing the PostgreSQL server makes a cluster "main" unless this setting says otherwise; it is
# there only while we install, so that the machine's own habits stay as they were.
packages_without_cluster() # PACKAGE...
{
	local folder=/etc/postgresql-common/createcluster.d made='' status=0
	local file=$folder/tsa-no-main-cluster.conf

	if [[ " $* " == *" postgresql-15 "* ]]; then
		[ -d "$folder" ] || made=yes
		as_root mkdir -p "$folder"
		echo 'create_main_cluster = off' | as_root tee "$file" >/dev/null
	fi
	packages_apt install -y --no-install-recommends "$@" || status=$?
	as_root rm -f "$file"
	[ -z "$made" ] || as_root rmdir --ignore-fail-on-non-empty "$folder"
	return "$status"
}

packages_install() # USE...
{
	local missing

	command -v apt-get >/dev/null || fail "packages: need Debian 12: there is no apt-get here"
	mapfile -t missing < <(packages_missing "$@")
	if [ ${#missing[@]} -eq 0 ]; then
		step "packages: all are installed"
		return 0
	fi
	step "packages: installing ${missing[*]}"
	is_root || command -v sudo >/dev/null ||
		fail "packages: need root or sudo to install them: run as root: apt-get install" \
			"${missing[*]}"
	logged apt-update packages_apt update
	logged apt-install packages_apt_install "${missing[@]}"
	say "    done ($(elapsed))"
}
