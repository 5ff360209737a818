# shellcheck shell=bash
# Who the service is and where its files stand.  Needs common.sh; RUN is the run folder.  Sets STATE,
# the folder of all that tsad opens: configuration, journal, SoftHSM's token, certificates, what is
# published.
#
# tsad runs as the user who runs the quickstart, and STATE is RUN.  Started by root it becomes user
# tsa, who cannot enter root's folders: then, as for PostgreSQL (cluster.sh), STATE is a folder of
# that user's under /var/tmp, run/state links to it and run/journal and the others into it.

STATE_USER=tsa
STATE_NAMES='journal softhsm tsu publish tsad.conf'

# Sets STATE if there is one already.
state_find()
{
	STATE=$RUN
	[ ! -d "$RUN/state" ] || STATE=$(cd -P "$RUN/state" && pwd)
}

state_make_user()
{
	! getent passwd "$STATE_USER" >/dev/null || return 0
	if command -v systemd-sysusers >/dev/null; then
		systemd-sysusers "$TOP/deploy/tsa.sysusers"
	else
		useradd --system --user-group --no-create-home --home-dir /var/lib/tsa \
			--shell /usr/sbin/nologin --comment 'Timestamp authority' "$STATE_USER"
	fi && getent passwd "$STATE_USER" >/dev/null
}

# A start that was not by root's quickstart of today left these in RUN itself: they move.
state_link() # NAME
{
	[ ! -L "$RUN/$1" ] || rm "$RUN/$1" || return 1
	[ ! -e "$RUN/$1" ] || mv "$RUN/$1" "$STATE/$1" || return 1
	ln -s "$STATE/$1" "$RUN/$1"
}

state()
{
	local name

	state_find
	is_root || return 0
	logged user state_make_user
	if [ "$STATE" = "$RUN" ]; then
		if [ -L "$RUN/state" ]; then
			say "    $(readlink "$RUN/state") is gone: a new journal, new keys"
			rm "$RUN/state"
		fi
		STATE=$(mktemp -d /var/tmp/tsa-XXXXXX) && ln -s "$STATE" "$RUN/state" ||
			fail "state: needs a folder: cannot make one for $RUN/state"
	fi
	for name in $STATE_NAMES; do
		state_link "$name" || fail "$RUN/$name: must be a link to $STATE/$name: cannot make it"
	done
	state_give
}

# What root made there, or with tsa-key, is the service's, but for the PIN that only tsa-key init needs.
# 0711: names are known or not found.
state_give()
{
	is_root || return 0
	chmod 711 "$STATE" && chown -R "$STATE_USER:" "$STATE" &&
		{ [ ! -e "$STATE/softhsm/so-pin" ] || chown root: "$STATE/softhsm/so-pin"; } ||
		fail "$STATE: must belong to $STATE_USER: cannot make it so"
}

# systemd-tmpfiles leaves a locked folder under /var/tmp alone, however old its files are.
state_run() # COMMAND...
{
	if is_root; then exec flock --nonblock --no-fork "$STATE" "$@"; else exec "$@"; fi
}

# Removes the folder outside the run folder.
state_clean()
{
	state_find
	case $STATE in
	/var/tmp/tsa-??????) rm -rf "$STATE" ;;
	esac
}
