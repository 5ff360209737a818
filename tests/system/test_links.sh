#!/bin/bash
# What each program may link, and that nothing of ours makes threads (style.md 2.2; issue 2, item 2).
: "${TSA_BUILD:?}" "${TSA_SOURCE:?}"
set -u -o pipefail
export LC_ALL=C

fail()
{
	printf 'FAILED: %s\n' "$*" >&2
	exit 1
}

libraries() # PROGRAM
{
	ldd "$TSA_BUILD/$1" || fail "$1: ldd cannot read it"
}

links_no() # PROGRAM LIBRARY...
{
	local program=$1 all library

	shift
	all=$(libraries "$program") || exit 1
	for library in "$@"; do
		! grep -Eq "lib$library(\.so|-[0-9])" <<<"$all" ||
			fail "$program: must not link $library: $(grep -E "lib$library(\.so|-[0-9])" <<<"$all")"
	done
	printf '  %s links none of: %s\n' "$program" "$*"
}

# What a program asks for itself, without what its libraries bring along.
needed() # PROGRAM
{
	readelf -d "$TSA_BUILD/$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' | grep . ||
		fail "$1: readelf must find what it needs"
}

# What the sanitizers bring along when the build has them.
sanitizer='asan|ubsan|m|dl|rt|pthread|gcc_s|stdc\+\+'

needs_only() # PROGRAM REGEX of library names
{
	local all others allowed="c|$2"

	all=$(needed "$1") || exit 1
	! grep -q '^libasan' <<<"$all" || allowed="$allowed|$sanitizer"
	others=$(grep -Ev "^(ld-linux.*|lib($allowed)\.so.*)$" <<<"$all")
	[ -z "$others" ] || fail "$1: must link only libc and $2: $others"
	printf '  %s links only: libc %s\n' "$1" "$2"
}

needs_no() # PROGRAM LIBRARY...
{
	local program=$1 all library

	shift
	all=$(needed "$program") || exit 1
	for library in "$@"; do
		! grep -Eq "^lib$library(\.so|[-_])" <<<"$all" ||
			fail "$program: must not link $library itself: $(tr '\n' ' ' <<<"$all")"
	done
	printf '  %s links none of these itself: %s\n' "$program" "$*"
}

links() # PROGRAM LIBRARY
{
	local all

	all=$(libraries "$1") || exit 1
	grep -Eq "lib$2(\.so|-[0-9])" <<<"$all" || fail "control: $1 links $2: it does not"
}

roles()
{
	links_no sbin/tsad pq p11 seccomp event_extra softhsm2
	links_no libexec/tsa/tsa-front pq p11 crypto ssl
	links_no libexec/tsa/tsa-signer pq event_core event_extra event jansson
	links_no libexec/tsa/tsa-journal pq p11 event_core event_extra event
	needs_only libexec/tsa/tsa-journal "crypto|seccomp" # R5; confined
	links_no libexec/tsa/tsa-ledger p11 event_core event_extra event
	links_no bin/tsa-stamp pq p11 seccomp softhsm2
	needs_only bin/tsa-verify "crypto|jansson|z|ssl|event_(core|extra|openssl)-2.1" # z: JARs; event: --fetch
	# libpq brings libcrypto along for itself, so what is direct is looked at as well.
	needs_no sbin/tsad pq p11 seccomp
	needs_no libexec/tsa/tsa-ledger p11 event
	needs_no libexec/tsa/tsa-front crypto ssl
	# The control: each of these libraries is found where it belongs.
	links libexec/tsa/tsa-ledger pq
	links libexec/tsa/tsa-signer p11
	links libexec/tsa/tsa-front event_extra
	links libexec/tsa/tsa-front seccomp
	links sbin/tsad event_core
}

threads_in() # OBJECT...
{
	nm -A --undefined-only "$@" 2>/dev/null | grep -E ' (pthread_create|thrd_create)(@|$)'
}

threads()
{
	local dir objects found

	mapfile -t objects < <(find "$TSA_BUILD/tsa" "$TSA_BUILD/tools" "$TSA_BUILD/tests" -name '*.o')
	[ "${#objects[@]}" -ge 60 ] || fail "objects: at least 60 of ours: found ${#objects[@]}"
	found=$(threads_in "${objects[@]}") && fail "threads: no object of ours makes any: $found"
	printf '  none of %d objects imports pthread_create\n' "${#objects[@]}"
	dir=$(mktemp -d) || exit 1
	printf '#include <pthread.h>\nint f(pthread_t *t, void *(*g)(void *));\n%s\n' \
		'int f(pthread_t *t, void *(*g)(void *)) { return pthread_create(t, 0, g, 0); }' |
		cc -x c -c -o "$dir/threaded.o" - || fail 'control: a compiler'
	found=$(threads_in "$dir/threaded.o")
	rm -rf "$dir"
	[ -n "$found" ] || fail 'control: an object that makes threads is found'
	printf '  control: an object that does is found\n'
}

hardening()
{
	local program all

	for program in sbin/tsad libexec/tsa/tsa-{front,signer,journal,ledger} bin/tsa-{key,stamp,verify}; do
		all=$(readelf -hldW "$TSA_BUILD/$program") || fail "$program: readelf cannot read it"
		grep -q 'Type: *DYN' <<<"$all" || fail "$program: must be PIE"
		grep -q 'GNU_RELRO' <<<"$all" || fail "$program: must have RELRO"
		grep -q '(FLAGS.*NOW' <<<"$all" || fail "$program: must bind at start (full RELRO)"
		grep -q 'GNU_STACK.* RW ' <<<"$all" || fail "$program: must not have an executable stack"
	done
	printf '  all programs: PIE, full RELRO, no executable stack\n'
}

roles
threads
hardening
