# shellcheck shell=bash
# Configuration, start, stop and state of tsad.  Needs common.sh, state.sh, token.sh and cluster.sh; RUN is
# the run folder, LISTEN and ADMIN are its listeners, LOCAL_URL and ADMIN_URL the URLs of them.

service_tsu() # NAME
{
	cat <<-END

		[$1]
		key         = pkcs11:token=$TOKEN;object=$1
		module      = $MODULE
		pin_file    = $STATE/softhsm/pin
		certificate = $STATE/tsu/$1.pem
		lanes       = 2
	END
}

service_endpoint() # NAME PATH PURPOSE TSU POLICY
{
	cat <<-END

		[$1]
		path     = $2
		purpose  = $3
		profile  = rfc3161
		tsus     = $4
		policies = $5
	END
}

service_configuration()
{
	local name

	cat <<-END
		# Written by deploy/quickstart, which keeps it from then on: yours to edit.
		[tsad]
		listen    = $LISTEN
		admin     = $ADMIN
		endpoints = release, release-ec, test
		user      = $STATE_USER
		journal   = $STATE/journal
		database  = $(cluster_conninfo tsa_service)
		publish   = $STATE/publish
		# Nobody has checked this machine's clock: for a demonstration only.
		clock     = unchecked
	END
	service_endpoint release / release rsa "$RELEASE_POLICY"
	service_endpoint release-ec /ec release ec "$RELEASE_POLICY"
	service_endpoint test /test test testrsa "$TEST_POLICY"
	while IFS=$'\t' read -r name _; do
		service_tsu "$name"
	done < <(tsus)
}

service_environment()
{
	cat <<-END
		export TSA_URL=$LOCAL_URL
		export TSA_EC_URL=$LOCAL_URL/ec
		export TSA_TEST_URL=$LOCAL_URL/test
		export TSA_ADMIN_URL=$ADMIN_URL
		export TSA_ROOT=$RUN/root.pem
		export TSA_CHAIN=$RUN/chain.pem
		export TSA_TEST_ROOT=$RUN/test-root.pem
		export TSA_TEST_CHAIN=$RUN/test-chain.pem
		export TSA_CONF=$RUN/tsad.conf
		export TSA_BIN=$RUN/bin
		export PGHOST=$(cluster_folder)
		export PGPORT=$CLUSTER_PORT
		export PGDATABASE=$CLUSTER_DATABASE
		export PGUSER=tsa_reader
		export SOFTHSM2_CONF=$STATE/softhsm/softhsm2.conf
	END
}

# service_value KEY: its value in run/tsad.conf, with whatever blanks a person left around it and
# without a comment; fails if there is no such line.
service_value()
{
	sed -n -E "s/^[[:blank:]]*$1[[:blank:]]*=[[:blank:]]*([^#]*[^#[:blank:]]).*/\1/p" \
		"$STATE/tsad.conf" | grep -m 1 .
}

service_set() # KEY VALUE: in its line, of which the rest stays
{
	sed -i -E "s|^([[:blank:]]*$1[[:blank:]]*=[[:blank:]]*)[^#]*[^#[:blank:]]|\1$2|" \
		"$STATE/tsad.conf" || fail "$RUN/tsad.conf: must be written: cannot"
}

# Of a start before root's tsad became another user: nobody was named, the paths were of RUN.
service_move()
{
	[ "$STATE" != "$RUN" ] && ! service_value user >/dev/null || return 0
	sed -i -E "s#([= ])$RUN/(journal|softhsm/|tsu/|publish)#\1$STATE/\2#; s#^\[tsad\]#&\nuser = $STATE_USER#" \
		"$STATE/tsad.conf" "$STATE/softhsm/softhsm2.conf" ||
		fail "$RUN/tsad.conf: must be written: cannot"
	say "    $RUN/tsad.conf: names user $STATE_USER and $STATE now"
}

# The configuration is kept, but follows where we were told to listen and where our cluster is.
service_follow()
{
	local had

	service_move
	had=$(service_value listen) ||
		fail "$RUN/tsad.conf: must have a line \`listen = $LISTEN' in [tsad]: has none with a" \
			"value; put it in, or remove the file to get a new one, and start again"
	case ,${had//[[:blank:]]/}, in
	*",$LISTEN,"*) ;;
	*)
		say "    $RUN/tsad.conf: listen = $had becomes $LISTEN"
		service_set listen "$LISTEN"
		;;
	esac
	# Without the line the journal alone serves; another database is another's business.
	had=$(service_value database)
	case $had in
	host=/*" user=tsa_service"*) service_set database "host=$(cluster_folder) ${had#* }" ;;
	esac
}

service_configure()
{
	mkdir -p "$STATE/journal" && chmod 700 "$STATE/journal" ||
		fail "$RUN/journal: must be a folder of ours: cannot make it"
	if [ -e "$RUN/tsad.conf" ]; then
		service_follow
	else
		service_configuration >"$STATE/tsad.conf.new" && mv "$STATE/tsad.conf.new" "$STATE/tsad.conf" ||
			fail "$RUN/tsad.conf: must be written: cannot"
	fi
	{ service_environment >"$RUN/env.new" && mv "$RUN/env.new" "$RUN/env"; } ||
		fail "$RUN/env: must be written: cannot"
	state_give
}

# The process in tsad.pid, if it is ours: numbers are used again.
service_pid()
{
	local pid

	pid=$(cat "$RUN/tsad.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "--config $STATE/tsad.conf " ||
		return 1
	printf '%s\n' "$pid"
}

service_http() # URL ARGUMENTS OF CURL: never through a proxy
{
	curl --silent --show-error --noproxy '*' --max-time 10 "${@:2}" "$1"
}

service_ready()
{
	[ "$(service_http "$ADMIN_URL/readyz" -o "$LOGS/readyz" -w '%{http_code}' 2>/dev/null)" = 200 ]
}

service_did_not_start() # FINDING
{
	tail -n 25 "$RUN/tsad.log" | sed 's/^/    /' >&2
	[ ! -s "$LOGS/readyz" ] || sed 's/^/    readyz: /' "$LOGS/readyz" >&2
	fail "tsad --config $RUN/tsad.conf: must become ready: $1; its log is $RUN/tsad.log"
}

# At most 60 s: signers make a test signature each, the journal its first segments.
service_wait() # PID
{
	local try status

	for ((try = 0; try < 300; try++)); do
		if service_ready; then return 0; fi
		if ! kill -0 "$1" 2>/dev/null; then
			wait "$1"
			status=$?
			rm -f "$RUN/tsad.pid"
			service_did_not_start "it ended with status $status"
		fi
		sleep 0.2
	done
	service_stop
	service_did_not_start "60 s have passed, it is stopped again"
}

service_start()
{
	local pid

	step "tsad: starting, listening on $LISTEN; clock $(service_clock)"
	rm -f "$LOGS/readyz"
	# Else its answer would pass for ours.
	! service_http "$ADMIN_URL/livez" -o /dev/null 2>/dev/null ||
		fail "$ADMIN: must be free: something answers there already; take another TSA_PORT"
	# Its own session: the terminal's Ctrl-C and hang-up are not meant for it.
	(
		close_descriptors
		state_run setsid "$RUN/bin/tsad" --config "$STATE/tsad.conf"
	) </dev/null >>"$RUN/tsad.log" 2>&1 &
	pid=$!
	echo "$pid" >"$RUN/tsad.pid"
	service_wait "$pid"
	say "    ready: process $pid, log in $RUN/tsad.log ($(elapsed))"
}

service_stop()
{
	local pid

	pid=$(service_pid) || return 0
	step "tsad: stopping process $pid; it answers what it has accepted"
	kill -TERM "$pid"
	timeout 30 tail --pid="$pid" -s 0.1 -f /dev/null ||
		fail "tsad: must end within 30 s of SIGTERM: process $pid is still there; its log is" \
			"$RUN/tsad.log"
	rm -f "$RUN/tsad.pid"
}

service_records()
{
	psql -X -q -A -t -d "$(cluster_conninfo tsa_reader)" -c \
		"select count(*) filter (where kind = 0), count(*) from ledger.record" 2>&1
}

service_clock()
{
	local clock

	clock=$(service_value clock)
	case $clock in
	unchecked) echo 'UNCHECKED: tokens state a time that nobody compared with anything' ;;
	*) echo "${clock:-kernel}" ;;
	esac
}

service_status()
{
	local pid state=0 counts

	if pid=$(service_pid); then
		if service_ready; then say "tsad         running (process $pid), ready"
		else
			state=1
			say "tsad         running (process $pid), NOT ready:"
			sed 's/^/             /' "$LOGS/readyz" 2>/dev/null
		fi
	else
		state=1
		say "tsad         not running"
	fi
	say "clock        $(service_clock)"
	say "release      $LOCAL_URL/ (RSA-3072), $LOCAL_URL/ec (P-256): $RUN/root.pem"
	say "test         $LOCAL_URL/test: $RUN/test-root.pem"
	say "admin        $ADMIN_URL/readyz"
	if cluster_running; then
		counts=$(service_records) || state=1
		say "PostgreSQL   running in $(cluster_folder): ${counts/|/ tokens among } records"
	else
		state=1
		say "PostgreSQL   not running"
	fi
	return "$state"
}
