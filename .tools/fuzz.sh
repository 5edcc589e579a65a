#!/bin/sh
# Runs every fuzz target of the module, one after the other, each for $FUZZTIME (10s).
set -eu

go=${GO:-go}
fuzztime=${FUZZTIME:-10s}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

# go test -list prints the names of a package's targets and then a line "ok <package>".
if ! $go test -list '^Fuzz' ./... >"$tmp/list"; then
	cat "$tmp/list"
	exit 1
fi
awk '/^Fuzz/ { names[++n] = $1 }
     $1 == "ok" { for (i = 1; i <= n; i++) print $2, names[i]; n = 0 }' "$tmp/list" >"$tmp/targets"

# attempt runs one target, shows what it prints and returns its exit code.
# Ten seconds are for finding inputs: by default the engine may spend sixty on making
# one of them smaller.
attempt() {
	{ $go test -run '^$' -fuzz "^$2\$" -fuzztime "$fuzztime" -fuzzminimizetime 20x "$1" </dev/null 2>&1 || echo $? >"$tmp/status"; } | tee "$tmp/log"
	[ ! -e "$tmp/status" ] || { code=$(cat "$tmp/status"); rm "$tmp/status"; return "$code"; }
}

# give_up shows the input that the last attempt wrote, in case nobody can fetch the file.
give_up() {
	file=$(sed -n 's/.*Failing input written to //p' "$tmp/log")
	[ -z "$file" ] || cat "$($go list -f '{{.Dir}}' "$1")/$file"
	exit 1
}

count=0
while read -r package name; do
	echo "-- $name $package"
	if ! attempt "$package" "$name"; then
		# Before Go 1.27 the end of -fuzztime can race the workers and be reported as a
		# failure without an input (go.dev/issue/75804). A real failure writes its input
		# to testdata, which fails the second run as well.
		grep -q '^ *context deadline exceeded$' "$tmp/log" || give_up "$package"
		! grep -q 'Failing input written' "$tmp/log" || give_up "$package"
		echo "-- $name once more: what failed was the engine's own deadline"
		attempt "$package" "$name" || give_up "$package"
	fi
	count=$((count + 1))
done <"$tmp/targets"
echo "$count fuzz targets passed"
