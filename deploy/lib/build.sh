# shellcheck shell=bash
# Builds the release preset and installs it into the run folder, so that a service that runs keeps
# its programs while the tree is built again.  Needs common.sh; RUN is the run folder.

build_release()
{
	# The tests have packages of their own; deploy/test builds them.
	cmake --preset release -S "$TOP" -DBUILD_TESTING=OFF &&
		cmake --build "$TOP/build/release" -j "$(nproc)"
}

# Two quickstarts may share one source tree.
build_locked()
{
	mkdir -p "$TOP/build"
	(
		flock 8
		cd "$TOP" && build_release 8>&- && cmake --install build/release --prefix "$RUN"
	) 8>"$TOP/build/quickstart.lock"
}

build()
{
	local program

	step "build: release, from $TOP"
	logged build build_locked
	# TSA_BIN is one folder with every program, wherever it is installed.
	for program in "$RUN"/sbin/* "$RUN"/libexec/tsa/*; do
		ln -sfn "../${program#"$RUN"/}" "$RUN/bin/${program##*/}"
	done
	say "    programs in $RUN/bin ($(elapsed))"
}
